/* SPDX-License-Identifier: BSD-2-Clause */
/* States, statuses and the other enumerations that MIB, configuration and C share. Values are those of RASDIAL-MIB
 * (RasCallState: those of RASCONNSTATE). Each has one table of names; labels are spelled as in the MIB, and the
 * configuration file writes the same labels in kebab case (autoStart = auto-start). */
#ifndef RASDIAL_RAS_STATE_H
#define RASDIAL_RAS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fine state: RASCONNSTATE. From 4096 on paused, from 8192 on final. */
enum ras_state {
	RAS_OPEN_PORT = 0,
	RAS_PORT_OPENED = 1,
	RAS_CONNECT_DEVICE = 2,
	RAS_DEVICE_CONNECTED = 3,
	RAS_ALL_DEVICES_CONNECTED = 4,
	RAS_AUTHENTICATE = 5,
	RAS_AUTH_NOTIFY = 6,
	RAS_AUTH_RETRY = 7,
	RAS_AUTH_CALLBACK = 8,
	RAS_AUTH_CHANGE_PASSWORD = 9,
	RAS_AUTH_PROJECT = 10,
	RAS_AUTH_LINK_SPEED = 11,
	RAS_AUTH_ACK = 12,
	RAS_RE_AUTHENTICATE = 13,
	RAS_AUTHENTICATED = 14,
	RAS_PREPARE_FOR_CALLBACK = 15,
	RAS_WAIT_FOR_MODEM_RESET = 16,
	RAS_WAIT_FOR_CALLBACK = 17,
	RAS_PROJECTED = 18,
	RAS_START_AUTHENTICATION = 19,
	RAS_CALLBACK_COMPLETE = 20,
	RAS_LOGON_NETWORK = 21,
	RAS_SUBENTRY_CONNECTED = 22,
	RAS_SUBENTRY_DISCONNECTED = 23,
	RAS_APPLY_SETTINGS = 24,
	RAS_INTERACTIVE = 4096,
	RAS_RETRY_AUTHENTICATION = 4097,
	RAS_CALLBACK_SET_BY_CALLER = 4098,
	RAS_PASSWORD_EXPIRED = 4099,
	RAS_INVOKE_EAP_UI = 4100,
	RAS_CONNECTED = 8192,
	RAS_DISCONNECTED = 8193,
};

/* Coarse state: RasOperStatus. */
enum ras_status {
	RAS_STATUS_DOWN = 1,
	RAS_STATUS_DIALING = 2,
	RAS_STATUS_AUTHENTICATING = 3,
	RAS_STATUS_UP = 4,
	RAS_STATUS_HANGING_UP = 5,
	RAS_STATUS_WAITING_REDIAL = 6,
	RAS_STATUS_FAILED = 7,
	RAS_STATUS_NOT_READY = 8,
	RAS_STATUS_WAITING = 9,
	RAS_STATUS_MAX = 10,
};

enum ras_cause {
	RAS_CAUSE_NONE = 1,
	RAS_CAUSE_OTHER,
	RAS_CAUSE_LOCAL_REQUEST,
	RAS_CAUSE_REMOTE_HANGUP,
	RAS_CAUSE_IDLE_TIMEOUT,
	RAS_CAUSE_MAX_DURATION,
	RAS_CAUSE_TRAFFIC_LIMIT,
	RAS_CAUSE_LINK_LOST,
	RAS_CAUSE_PEER_DEAD,
	RAS_CAUSE_PORT_UNAVAILABLE,
	RAS_CAUSE_HARDWARE_FAILURE,
	RAS_CAUSE_NO_DIAL_TONE,
	RAS_CAUSE_LINE_BUSY,
	RAS_CAUSE_NO_ANSWER,
	RAS_CAUSE_NO_CARRIER,
	RAS_CAUSE_DIAL_TIMEOUT,
	RAS_CAUSE_BAD_ADDRESS,
	RAS_CAUSE_NAME_RESOLUTION,
	RAS_CAUSE_SERVER_UNREACHABLE,
	RAS_CAUSE_PROTOCOL_ERROR,
	RAS_CAUSE_LOOPBACK,
	RAS_CAUSE_AUTH_FAILURE,
	RAS_CAUSE_CREDENTIAL_EXPIRED,
	RAS_CAUSE_PEER_AUTH_FAILURE,
	RAS_CAUSE_ADDRESS_FAILURE,
	RAS_CAUSE_SCRIPT_FAILURE,
	RAS_CAUSE_CONFIG_ERROR,
	RAS_CAUSE_NO_RESOURCES,
	RAS_CAUSE_NO_KERNEL_SUPPORT,
	RAS_CAUSE_NOT_PERMITTED,
	RAS_CAUSE_CALLBACK,
	RAS_CAUSE_INTERNAL_ERROR,
};

enum ras_device_type {
	RAS_DEVICE_OTHER = 1,
	RAS_DEVICE_LOOPBACK,
	RAS_DEVICE_MODEM,
	RAS_DEVICE_DIRECT_SERIAL,
	RAS_DEVICE_CELLULAR,
	RAS_DEVICE_PPPOE,
	RAS_DEVICE_PPTP,
	RAS_DEVICE_L2TP,
	RAS_DEVICE_PTY,
	RAS_DEVICE_EXEC,
};

enum ras_dial_mode {
	RAS_DIAL_MODE_MANUAL = 1,
	RAS_DIAL_MODE_AUTO_START,
	RAS_DIAL_MODE_ON_DEMAND,
	RAS_DIAL_MODE_PERSISTENT
};
enum ras_link_mode {
	RAS_LINK_MODE_SINGLE = 1,
	RAS_LINK_MODE_ALTERNATES,
	RAS_LINK_MODE_DIAL_ALL,
	RAS_LINK_MODE_DIAL_AS_NEEDED
};
enum ras_admin_mode { RAS_ADMIN_ENABLED = 1, RAS_ADMIN_DRAIN, RAS_ADMIN_DISABLED };
enum ras_desired { RAS_DESIRED_DOWN = 1, RAS_DESIRED_UP };
enum ras_action {
	RAS_ACTION_NONE = 1,
	RAS_ACTION_DIAL,
	RAS_ACTION_HANG_UP,
	RAS_ACTION_REDIAL,
	RAS_ACTION_CLEAR_ERROR,
	RAS_ACTION_RESUME
};
enum ras_trigger {
	RAS_TRIGGER_OTHER = 1,
	RAS_TRIGGER_SNMP,
	RAS_TRIGGER_AUTO_START,
	RAS_TRIGGER_ON_DEMAND,
	RAS_TRIGGER_REDIAL,
	RAS_TRIGGER_LOCAL
};
enum ras_thread_state {
	RAS_THREAD_NONE = 1,
	RAS_THREAD_RUNNING,
	RAS_THREAD_WAITING,
	RAS_THREAD_CANCELLING,
	RAS_THREAD_STUCK
};
enum ras_origin { RAS_ORIGIN_OTHER = 1, RAS_ORIGIN_FILE, RAS_ORIGIN_SNMP, RAS_ORIGIN_BUILTIN };
enum ras_storage_type {
	RAS_STORAGE_OTHER = 1,
	RAS_STORAGE_VOLATILE,
	RAS_STORAGE_NON_VOLATILE,
	RAS_STORAGE_PERMANENT,
	RAS_STORAGE_READ_ONLY
};
enum ras_row_status { RAS_ROW_ACTIVE = 1, RAS_ROW_NOT_IN_SERVICE, RAS_ROW_NOT_READY };
enum ras_storage_status { RAS_STORAGE_OK = 1, RAS_STORAGE_DAMAGED, RAS_STORAGE_IS_READ_ONLY, RAS_STORAGE_FULL };
enum ras_addr_role {
	RAS_ADDR_LOCAL = 1,
	RAS_ADDR_PEER,
	RAS_ADDR_DNS,
	RAS_ADDR_TUNNEL_LOCAL,
	RAS_ADDR_TUNNEL_PEER,
	RAS_ADDR_GATEWAY,
	RAS_ADDR_ROUTE
};
enum ras_change { RAS_CHANGE_CREATED = 1, RAS_CHANGE_MODIFIED, RAS_CHANGE_DELETED };

/* Bit numbers of BITS, as in the MIB; a mask holds 1u << number. */
enum ras_auth_method { RAS_AUTH_PAP, RAS_AUTH_CHAP, RAS_AUTH_MSCHAP, RAS_AUTH_MSCHAPV2, RAS_AUTH_EAP, RAS_AUTH_MAX };
enum ras_option {
	RAS_OPTION_DEFAULT_ROUTE,
	RAS_OPTION_USE_PEER_DNS,
	RAS_OPTION_IPV6,
	RAS_OPTION_COMPRESSION,
	RAS_OPTION_REQUIRE_ENCRYPTION,
	RAS_OPTION_PAUSED_STATES,
	RAS_OPTION_MAX,
};
enum ras_notify_type {
	RAS_NOTIFY_CONNECTED,
	RAS_NOTIFY_DISCONNECTED,
	RAS_NOTIFY_DIAL_FAILED,
	RAS_NOTIFY_REDIAL_EXHAUSTED,
	RAS_NOTIFY_STATE_CHANGE,
	RAS_NOTIFY_LINK_CHANGE,
	RAS_NOTIFY_THREAD_STUCK,
	RAS_NOTIFY_CONFIG_CHANGE,
	RAS_NOTIFY_MAX,
};

/* Names of an enumeration, ended by {0, NULL}. */
struct ras_label {
	int32_t value;
	const char *name;
};

extern const struct ras_label ras_state_labels[];
extern const struct ras_label ras_status_labels[];
extern const struct ras_label ras_cause_labels[];
extern const struct ras_label ras_device_type_labels[];
extern const struct ras_label ras_dial_mode_labels[];
extern const struct ras_label ras_link_mode_labels[];
extern const struct ras_label ras_admin_mode_labels[];
extern const struct ras_label ras_desired_labels[];
extern const struct ras_label ras_action_labels[];
extern const struct ras_label ras_trigger_labels[];
extern const struct ras_label ras_thread_state_labels[];
extern const struct ras_label ras_origin_labels[];
extern const struct ras_label ras_storage_type_labels[];
extern const struct ras_label ras_row_status_labels[];
extern const struct ras_label ras_storage_status_labels[];
extern const struct ras_label ras_addr_role_labels[];
extern const struct ras_label ras_change_labels[];
extern const struct ras_label ras_auth_method_labels[]; /* bit numbers */
extern const struct ras_label ras_option_labels[];      /* bit numbers */
extern const struct ras_label ras_notify_type_labels[]; /* bit numbers */

#define RAS_LABEL_MAX 64 /* of a name in kebab case, with NUL */

/* A name as the configuration spells it: autoStart is auto-start, invokeEapUI is invoke-eap-ui. Returns ret. */
const char *ras_label_kebab(const char *label, char ret[RAS_LABEL_MAX]);

/* Name of a value, as in the MIB; "?" for a value that is not in the table. Any thread. */
const char *ras_label_name(const struct ras_label *labels, int32_t value);

/* Value of a name, written as in the MIB or in kebab case. Returns 0 or -EINVAL; ret_value is untouched then. */
int ras_label_value(const struct ras_label *labels, const char *name, int32_t *ret_value);

bool ras_label_has(const struct ras_label *labels, int32_t value);

/* The coarse state that a fine state of a call belongs to: dialing, authenticating, up, or down for disconnected. This
 * is the state table of the project (RASCONNSTATE -> RasOperStatus); what follows after the end of a call is decided by
 * redial.h. */
enum ras_status ras_state_status(enum ras_state state);

static inline bool ras_state_paused(enum ras_state state)
{
	return (state & 0x1000) != 0;
}

/* The call is in set-up: counts against rasMaxConcurrentDials. */
static inline bool ras_status_in_setup(enum ras_status status)
{
	return status == RAS_STATUS_DIALING || status == RAS_STATUS_AUTHENTICATING;
}

#endif
