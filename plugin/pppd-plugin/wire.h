/* SPDX-License-Identifier: BSD-2-Clause */
/* What the object inside pppd and the driver say to each other.
 *
 * The object keeps one record (sys/record.h) of kind "ppp" that says all that is known of the link. At every change it
 * sends the whole record as one packet over a socket that pppd inherits, and puts it into a file in the run directory,
 * which stays there when pppd ends. So an agent that was away learns from the file what it missed, the exit status
 * included.
 *
 * When the peer asks for a secret and only then, the object sends a record of kind "ask"; the driver answers with one
 * packet that holds the secret and nothing else. The object keeps it for as long as pppd lives, since a peer may ask
 * again while no agent is there. */
#ifndef RASDIAL_PPPD_PLUGIN_WIRE_H
#define RASDIAL_PPPD_PLUGIN_WIRE_H

/* Options of the object. */
#define WIRE_OPTION_SOCKET "rasdial-socket" /* descriptor, SOCK_SEQPACKET */
#define WIRE_OPTION_STATE "rasdial-state"   /* path of the file */
#define WIRE_OPTION_SECRET "rasdial-secret" /* there is a secret to ask for; else pppd looks in its own files */

#define WIRE_KIND_STATE "ppp"
#define WIRE_KIND_ASK "ask"

#define WIRE_SECRET_MAX 255 /* octets, as pppd's own limit */
#define WIRE_SECRET_WAIT_MS 5000

/* Keys of the state; what is not known yet is left out. */
#define WIRE_PID "pid"
#define WIRE_STARTED "started" /* tick, see process_started() */
#define WIRE_PHASE "phase"     /* WIRE_PHASE_* */
#define WIRE_IFNAME "ifname"
#define WIRE_LOCAL "local" /* addresses as text */
#define WIRE_PEER "peer"
#define WIRE_LOCAL6 "local6"
#define WIRE_PEER6 "peer6"
#define WIRE_DNS1 "dns1"
#define WIRE_DNS2 "dns2"
#define WIRE_MASTER "master"             /* 1: it has made the bundle that other links join */
#define WIRE_JOINED "joined"             /* 1: it has joined a bundle that another pppd has made */
#define WIRE_HEARD "heard"               /* 1: a packet of the peer has come in */
#define WIRE_IP_REJECTED "ip-rejected"   /* 1: the peer has refused IPCP as a whole */
#define WIRE_PEER_ENDED "peer-ended"     /* 1: the peer has ended LCP */
#define WIRE_MSCHAP_ERROR "mschap-error" /* E= of a failure message of MS-CHAP */
#define WIRE_REASON "reason"             /* exit status that pppd meant first; later events overwrite its own */
#define WIRE_EXIT "exit"                 /* exit status, once it ends */

/* Phases of pppd, the same numbers in all its versions. */
enum wire_phase {
	WIRE_PHASE_DEAD = 0,
	WIRE_PHASE_INITIALIZE = 1,
	WIRE_PHASE_SERIALCONN = 2,
	WIRE_PHASE_DORMANT = 3,
	WIRE_PHASE_ESTABLISH = 4,
	WIRE_PHASE_AUTHENTICATE = 5,
	WIRE_PHASE_CALLBACK = 6,
	WIRE_PHASE_NETWORK = 7,
	WIRE_PHASE_RUNNING = 8,
	WIRE_PHASE_TERMINATE = 9,
	WIRE_PHASE_DISCONNECT = 10,
	WIRE_PHASE_MASTER = 12, /* without a line of its own, for the others of the bundle */
};

#endif
