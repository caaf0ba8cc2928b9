/* SPDX-License-Identifier: BSD-2-Clause */
#include "ras/state.h"

#include <ctype.h>
#include <errno.h>

#include "sys/macro.h"

/* clang-format off */
const struct ras_label ras_state_labels[] = {
	{RAS_OPEN_PORT, "openPort"},
	{RAS_PORT_OPENED, "portOpened"},
	{RAS_CONNECT_DEVICE, "connectDevice"},
	{RAS_DEVICE_CONNECTED, "deviceConnected"},
	{RAS_ALL_DEVICES_CONNECTED, "allDevicesConnected"},
	{RAS_AUTHENTICATE, "authenticate"},
	{RAS_AUTH_NOTIFY, "authNotify"},
	{RAS_AUTH_RETRY, "authRetry"},
	{RAS_AUTH_CALLBACK, "authCallback"},
	{RAS_AUTH_CHANGE_PASSWORD, "authChangePassword"},
	{RAS_AUTH_PROJECT, "authProject"},
	{RAS_AUTH_LINK_SPEED, "authLinkSpeed"},
	{RAS_AUTH_ACK, "authAck"},
	{RAS_RE_AUTHENTICATE, "reAuthenticate"},
	{RAS_AUTHENTICATED, "authenticated"},
	{RAS_PREPARE_FOR_CALLBACK, "prepareForCallback"},
	{RAS_WAIT_FOR_MODEM_RESET, "waitForModemReset"},
	{RAS_WAIT_FOR_CALLBACK, "waitForCallback"},
	{RAS_PROJECTED, "projected"},
	{RAS_START_AUTHENTICATION, "startAuthentication"},
	{RAS_CALLBACK_COMPLETE, "callbackComplete"},
	{RAS_LOGON_NETWORK, "logonNetwork"},
	{RAS_SUBENTRY_CONNECTED, "subEntryConnected"},
	{RAS_SUBENTRY_DISCONNECTED, "subEntryDisconnected"},
	{RAS_APPLY_SETTINGS, "applySettings"},
	{RAS_INTERACTIVE, "interactive"},
	{RAS_RETRY_AUTHENTICATION, "retryAuthentication"},
	{RAS_CALLBACK_SET_BY_CALLER, "callbackSetByCaller"},
	{RAS_PASSWORD_EXPIRED, "passwordExpired"},
	{RAS_INVOKE_EAP_UI, "invokeEapUI"},
	{RAS_CONNECTED, "connected"},
	{RAS_DISCONNECTED, "disconnected"},
	{0, NULL},
};

const struct ras_label ras_status_labels[] = {
	{RAS_STATUS_DOWN, "down"},
	{RAS_STATUS_DIALING, "dialing"},
	{RAS_STATUS_AUTHENTICATING, "authenticating"},
	{RAS_STATUS_UP, "up"},
	{RAS_STATUS_HANGING_UP, "hangingUp"},
	{RAS_STATUS_WAITING_REDIAL, "waitingRedial"},
	{RAS_STATUS_FAILED, "failed"},
	{RAS_STATUS_NOT_READY, "notReady"},
	{RAS_STATUS_WAITING, "waiting"},
	{0, NULL},
};

const struct ras_label ras_cause_labels[] = {
	{RAS_CAUSE_NONE, "none"},
	{RAS_CAUSE_OTHER, "other"},
	{RAS_CAUSE_LOCAL_REQUEST, "localRequest"},
	{RAS_CAUSE_REMOTE_HANGUP, "remoteHangup"},
	{RAS_CAUSE_IDLE_TIMEOUT, "idleTimeout"},
	{RAS_CAUSE_MAX_DURATION, "maxDuration"},
	{RAS_CAUSE_TRAFFIC_LIMIT, "trafficLimit"},
	{RAS_CAUSE_LINK_LOST, "linkLost"},
	{RAS_CAUSE_PEER_DEAD, "peerDead"},
	{RAS_CAUSE_PORT_UNAVAILABLE, "portUnavailable"},
	{RAS_CAUSE_HARDWARE_FAILURE, "hardwareFailure"},
	{RAS_CAUSE_NO_DIAL_TONE, "noDialTone"},
	{RAS_CAUSE_LINE_BUSY, "lineBusy"},
	{RAS_CAUSE_NO_ANSWER, "noAnswer"},
	{RAS_CAUSE_NO_CARRIER, "noCarrier"},
	{RAS_CAUSE_DIAL_TIMEOUT, "dialTimeout"},
	{RAS_CAUSE_BAD_ADDRESS, "badAddress"},
	{RAS_CAUSE_NAME_RESOLUTION, "nameResolution"},
	{RAS_CAUSE_SERVER_UNREACHABLE, "serverUnreachable"},
	{RAS_CAUSE_PROTOCOL_ERROR, "protocolError"},
	{RAS_CAUSE_LOOPBACK, "loopback"},
	{RAS_CAUSE_AUTH_FAILURE, "authFailure"},
	{RAS_CAUSE_CREDENTIAL_EXPIRED, "credentialExpired"},
	{RAS_CAUSE_PEER_AUTH_FAILURE, "peerAuthFailure"},
	{RAS_CAUSE_ADDRESS_FAILURE, "addressFailure"},
	{RAS_CAUSE_SCRIPT_FAILURE, "scriptFailure"},
	{RAS_CAUSE_CONFIG_ERROR, "configError"},
	{RAS_CAUSE_NO_RESOURCES, "noResources"},
	{RAS_CAUSE_NO_KERNEL_SUPPORT, "noKernelSupport"},
	{RAS_CAUSE_NOT_PERMITTED, "notPermitted"},
	{RAS_CAUSE_CALLBACK, "callback"},
	{RAS_CAUSE_INTERNAL_ERROR, "internalError"},
	{0, NULL},
};

const struct ras_label ras_device_type_labels[] = {
	{RAS_DEVICE_OTHER, "other"},
	{RAS_DEVICE_LOOPBACK, "loopback"},
	{RAS_DEVICE_MODEM, "modem"},
	{RAS_DEVICE_DIRECT_SERIAL, "directSerial"},
	{RAS_DEVICE_CELLULAR, "cellular"},
	{RAS_DEVICE_PPPOE, "pppoe"},
	{RAS_DEVICE_PPTP, "pptp"},
	{RAS_DEVICE_L2TP, "l2tp"},
	{RAS_DEVICE_PTY, "pty"},
	{RAS_DEVICE_EXEC, "exec"},
	{0, NULL},
};

const struct ras_label ras_dial_mode_labels[] = {
	{RAS_DIAL_MODE_MANUAL, "manual"},
	{RAS_DIAL_MODE_AUTO_START, "autoStart"},
	{RAS_DIAL_MODE_ON_DEMAND, "onDemand"},
	{RAS_DIAL_MODE_PERSISTENT, "persistent"},
	{0, NULL},
};

const struct ras_label ras_link_mode_labels[] = {
	{RAS_LINK_MODE_SINGLE, "single"},
	{RAS_LINK_MODE_ALTERNATES, "alternates"},
	{RAS_LINK_MODE_DIAL_ALL, "dialAll"},
	{RAS_LINK_MODE_DIAL_AS_NEEDED, "dialAsNeeded"},
	{0, NULL},
};

const struct ras_label ras_admin_mode_labels[] = {
	{RAS_ADMIN_ENABLED, "enabled"},
	{RAS_ADMIN_DRAIN, "drain"},
	{RAS_ADMIN_DISABLED, "disabled"},
	{0, NULL},
};

const struct ras_label ras_desired_labels[] = {
	{RAS_DESIRED_DOWN, "down"},
	{RAS_DESIRED_UP, "up"},
	{0, NULL},
};

const struct ras_label ras_action_labels[] = {
	{RAS_ACTION_NONE, "noAction"},
	{RAS_ACTION_DIAL, "dial"},
	{RAS_ACTION_HANG_UP, "hangUp"},
	{RAS_ACTION_REDIAL, "redial"},
	{RAS_ACTION_CLEAR_ERROR, "clearError"},
	{RAS_ACTION_RESUME, "resume"},
	{0, NULL},
};

const struct ras_label ras_trigger_labels[] = {
	{RAS_TRIGGER_OTHER, "other"},
	{RAS_TRIGGER_SNMP, "snmp"},
	{RAS_TRIGGER_AUTO_START, "autoStart"},
	{RAS_TRIGGER_ON_DEMAND, "onDemand"},
	{RAS_TRIGGER_REDIAL, "redial"},
	{RAS_TRIGGER_LOCAL, "local"},
	{0, NULL},
};

const struct ras_label ras_thread_state_labels[] = {
	{RAS_THREAD_NONE, "none"},
	{RAS_THREAD_RUNNING, "running"},
	{RAS_THREAD_WAITING, "waiting"},
	{RAS_THREAD_CANCELLING, "cancelling"},
	{RAS_THREAD_STUCK, "stuck"},
	{0, NULL},
};

const struct ras_label ras_origin_labels[] = {
	{RAS_ORIGIN_OTHER, "other"},
	{RAS_ORIGIN_FILE, "file"},
	{RAS_ORIGIN_SNMP, "snmp"},
	{RAS_ORIGIN_BUILTIN, "builtin"},
	{0, NULL},
};

const struct ras_label ras_storage_type_labels[] = {
	{RAS_STORAGE_OTHER, "other"},
	{RAS_STORAGE_VOLATILE, "volatile"},
	{RAS_STORAGE_NON_VOLATILE, "nonVolatile"},
	{RAS_STORAGE_PERMANENT, "permanent"},
	{RAS_STORAGE_READ_ONLY, "readOnly"},
	{0, NULL},
};

const struct ras_label ras_row_status_labels[] = {
	{RAS_ROW_ACTIVE, "active"},
	{RAS_ROW_NOT_IN_SERVICE, "notInService"},
	{RAS_ROW_NOT_READY, "notReady"},
	{0, NULL},
};

const struct ras_label ras_storage_status_labels[] = {
	{RAS_STORAGE_OK, "ok"},
	{RAS_STORAGE_DAMAGED, "damaged"},
	{RAS_STORAGE_IS_READ_ONLY, "readOnly"},
	{RAS_STORAGE_FULL, "full"},
	{0, NULL},
};

const struct ras_label ras_addr_role_labels[] = {
	{RAS_ADDR_LOCAL, "local"},
	{RAS_ADDR_PEER, "peer"},
	{RAS_ADDR_DNS, "dns"},
	{RAS_ADDR_TUNNEL_LOCAL, "tunnelLocal"},
	{RAS_ADDR_TUNNEL_PEER, "tunnelPeer"},
	{RAS_ADDR_GATEWAY, "gateway"},
	{RAS_ADDR_ROUTE, "route"},
	{0, NULL},
};

const struct ras_label ras_change_labels[] = {
	{RAS_CHANGE_CREATED, "created"},
	{RAS_CHANGE_MODIFIED, "modified"},
	{RAS_CHANGE_DELETED, "deleted"},
	{0, NULL},
};

const struct ras_label ras_auth_method_labels[] = {
	{RAS_AUTH_PAP, "pap"},
	{RAS_AUTH_CHAP, "chap"},
	{RAS_AUTH_MSCHAP, "mschap"},
	{RAS_AUTH_MSCHAPV2, "mschapv2"},
	{RAS_AUTH_EAP, "eap"},
	{0, NULL},
};

const struct ras_label ras_option_labels[] = {
	{RAS_OPTION_DEFAULT_ROUTE, "defaultRoute"},
	{RAS_OPTION_USE_PEER_DNS, "usePeerDns"},
	{RAS_OPTION_IPV6, "ipv6"},
	{RAS_OPTION_COMPRESSION, "compression"},
	{RAS_OPTION_REQUIRE_ENCRYPTION, "requireEncryption"},
	{RAS_OPTION_PAUSED_STATES, "pausedStates"},
	{0, NULL},
};

const struct ras_label ras_notify_type_labels[] = {
	{RAS_NOTIFY_CONNECTED, "connected"},
	{RAS_NOTIFY_DISCONNECTED, "disconnected"},
	{RAS_NOTIFY_DIAL_FAILED, "dialFailed"},
	{RAS_NOTIFY_REDIAL_EXHAUSTED, "redialExhausted"},
	{RAS_NOTIFY_STATE_CHANGE, "stateChange"},
	{RAS_NOTIFY_LINK_CHANGE, "linkChange"},
	{RAS_NOTIFY_THREAD_STUCK, "threadStuck"},
	{RAS_NOTIFY_CONFIG_CHANGE, "configChange"},
	{0, NULL},
};

/* clang-format on */

static const struct ras_label *find_value(const struct ras_label *labels, int32_t value)
{
	for (; labels->name; labels++)
		if (labels->value == value)
			return labels;
	return NULL;
}

const char *ras_label_name(const struct ras_label *labels, int32_t value)
{
	const struct ras_label *label = find_value(labels, value);

	return label ? label->name : "?";
}

bool ras_label_has(const struct ras_label *labels, int32_t value)
{
	return find_value(labels, value) != NULL;
}

const char *ras_label_kebab(const char *label, char ret[RAS_LABEL_MAX])
{
	bool in_capitals = false;
	size_t len = 0;

	for (; *label && len < RAS_LABEL_MAX - 2; label++) {
		bool capital = isupper((unsigned char)*label);

		if (capital && !in_capitals && len > 0)
			ret[len++] = '-';
		ret[len++] = (char)tolower((unsigned char)*label);
		in_capitals = capital;
	}
	ret[len] = '\0';
	return ret;
}

int ras_label_value(const struct ras_label *labels, const char *name, int32_t *ret_value)
{
	char kebab[RAS_LABEL_MAX];

	for (; labels->name; labels++) {
		if (str_equal(labels->name, name) || str_equal(ras_label_kebab(labels->name, kebab), name)) {
			*ret_value = labels->value;
			return 0;
		}
	}
	return -EINVAL;
}

enum ras_status ras_state_status(enum ras_state state)
{
	static const struct {
		enum ras_state first, last;
		enum ras_status status;
	} table[] = {
		{RAS_OPEN_PORT, RAS_ALL_DEVICES_CONNECTED, RAS_STATUS_DIALING},
		{RAS_AUTHENTICATE, RAS_AUTHENTICATED, RAS_STATUS_AUTHENTICATING},
		{RAS_PREPARE_FOR_CALLBACK, RAS_WAIT_FOR_CALLBACK, RAS_STATUS_DIALING},
		{RAS_PROJECTED, RAS_LOGON_NETWORK, RAS_STATUS_AUTHENTICATING},
		{RAS_SUBENTRY_CONNECTED, RAS_SUBENTRY_DISCONNECTED, RAS_STATUS_DIALING},
		{RAS_APPLY_SETTINGS, RAS_APPLY_SETTINGS, RAS_STATUS_AUTHENTICATING},
		{RAS_INTERACTIVE, RAS_INVOKE_EAP_UI, RAS_STATUS_AUTHENTICATING},
		{RAS_CONNECTED, RAS_CONNECTED, RAS_STATUS_UP},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (state >= table[i].first && state <= table[i].last)
			return table[i].status;
	return RAS_STATUS_DOWN;
}
