# SPDX-License-Identifier: BSD-2-Clause
"""A manager that shares no code with net-snmp: pysnmp, with RASDIAL-MIB compiled by pysmi. Asks, sets, and receives notifications.

pysnmp belongs to the system's Python, which need not be the one that runs this: import_stack() sees to it."""
import os
import subprocess
import sys
import threading
import warnings
from collections import namedtuple

from mib import MIB, STUB_DIR, TOP
from tap import check

SYSTEM_PYTHON = "/usr/bin/python3"
MODULE = "RASDIAL-MIB"
SOURCES = (os.path.join(TOP, "mibs"), STUB_DIR, "/usr/share/snmp/mibs")
PROOF = "import sys, pysnmp.hlapi, pysmi; sys.exit(not pysnmp.__version__.startswith('4.'))"

Answer = namedtuple("Answer", "error index varbinds")  # names as in the RFCs; index of the varbind, from 1
Heard = namedtuple("Heard", "way level user context pdu varbinds")


def import_stack():
    """Goes on in the system's Python if this one has no pysnmp. Ends the program, as a test that is skipped, without any."""
    for python in (sys.executable, SYSTEM_PYTHON):
        if not os.access(python, os.X_OK) or subprocess.run([python, "-W", "ignore", "-c", PROOF], stdin=subprocess.DEVNULL,
                                                            stderr=subprocess.DEVNULL, check=False).returncode:
            continue
        if python != sys.executable:
            os.execv(python, [python, "-B", *sys.argv])
        warnings.simplefilter("ignore")  # of old modules that it uses
        return
    print("1..0 # SKIP pysnmp 4 is not installed (Debian: python3-pysnmp4)")
    sys.exit(0)


import_stack()

from pysnmp import hlapi  # noqa: E402
from pysnmp.carrier.asyncore.dgram import udp  # noqa: E402
from pysnmp.entity import config, engine  # noqa: E402
from pysnmp.entity.rfc3413 import ntfrcv  # noqa: E402
from pysnmp.smi import builder, compiler, view  # noqa: E402


# ---- the MIB as this stack reads it ----

class Module:
    """RASDIAL-MIB in the other stack's own form, made from its text into a folder."""

    def __init__(self, folder):
        self.folder, self.builder = folder, builder.MibBuilder()
        self.load(self.builder, folder)
        self.view = view.MibViewController(self.builder)

    @staticmethod
    def load(mib_builder, folder):
        compiler.addMibCompiler(mib_builder, sources=["file://" + path for path in SOURCES], destination=folder)
        mib_builder.loadModules(MODULE)

    def node(self, name):
        (node,) = self.builder.importSymbols(MODULE, name)
        return node

    def names(self, kind):
        """Names of all of a kind: 'MibTableColumn', 'MibScalar', 'NotificationType'."""
        return [n for n, s in self.builder.mibSymbols[MODULE].items() if type(s).__name__ == kind]

    def typed(self, oid, value):
        """(name, instance, value with the syntax of the MIB). Fails if the value does not have that type, or not that range."""
        name, instance = self.locate(oid)
        syntax = self.node(name).getSyntax()
        check(value.tagSet == syntax.tagSet,
              f"{name} is {value.__class__.__name__} on the wire, {syntax.__class__.__name__} in the MIB")
        return name, instance, syntax.clone(value)

    def locate(self, oid):
        _, label, instance = self.view.getNodeNameByOid(tuple(oid))
        return label[-1], tuple(instance)


# ---- asking ----

def community(name="rw", version=2):
    return hlapi.CommunityData(name, mpModel=version - 1)


def user(name, key=None, private=None):
    """An SNMPv3 user: SHA and AES where there are passphrases."""
    return hlapi.UsmUserData(name, key, private,
                             authProtocol=hlapi.usmHMACSHAAuthProtocol if key else hlapi.usmNoAuthProtocol,
                             privProtocol=hlapi.usmAesCfb128Protocol if private else hlapi.usmNoPrivProtocol)


class Stack:
    """Asks one agent as somebody. With a folder for the module, names can be used, and values are checked before they are sent;
    without one, anything can be sent."""

    def __init__(self, address, who, folder=None, patience=5, retries=1):
        self.engine = hlapi.SnmpEngine()
        self.address, self.who, self.patience, self.retries = address, who, patience, retries
        if folder:
            Module.load(self.engine.getMibBuilder(), folder)

    def close(self):
        self.engine.transportDispatcher.closeDispatcher()

    def _target(self, retries=None):
        return hlapi.UdpTransportTarget(self.address, timeout=self.patience, retries=self.retries if retries is None else retries)

    @staticmethod
    def _object(what, *value):
        """('rasConnAction', 7) by its name, 'rasConnAction.7' or an oid by its number."""
        if isinstance(what, tuple) and isinstance(what[0], str):
            return hlapi.ObjectType(hlapi.ObjectIdentity(MODULE, *what), *value)
        return hlapi.ObjectType(hlapi.ObjectIdentity(MIB.oid(what)), *value)

    @staticmethod
    def _answer(told):
        trouble, status, index, varbinds = told
        if trouble:
            return Answer(str(trouble), 0, [])
        return Answer(status.prettyPrint() if status else "noError", int(index), [(tuple(n), v) for n, v in varbinds])

    def _one(self, command, *varbinds, retries=None, names=False):
        return self._answer(next(command(self.engine, self.who, self._target(retries), hlapi.ContextData(), *varbinds,
                                         lookupMib=names)))

    def get(self, *names):
        """Values as they came, in the order of the names."""
        answer = self._one(hlapi.getCmd, *map(self._object, names))
        check(answer.error == "noError", f"GET of {names}: {answer}")
        values = [v for _, v in answer.varbinds]
        return values[0] if len(values) == 1 else values

    def ask(self, *names):
        """The answer to a GET, whatever it is."""
        return self._one(hlapi.getCmd, *map(self._object, names))

    def read(self, *names):
        """Values as the MIB prints them: labels, texts."""
        answer = self._one(hlapi.getCmd, *map(self._object, names), names=True)
        check(answer.error == "noError", f"GET of {names}: {answer}")
        values = [v.prettyPrint() for _, v in answer.varbinds]
        return values[0] if len(values) == 1 else values

    def set(self, *pairs):
        """SET of (what, value) pairs, sent once."""
        return self._one(hlapi.setCmd, *(self._object(*pair) for pair in pairs), retries=0)

    def walk(self, root, repetitions=0):
        """(oid, value) pairs below, by GETNEXT or GETBULK."""
        arguments = (self.engine, self.who, self._target(), hlapi.ContextData())
        options = {"lexicographicMode": False, "lookupMib": False}
        if repetitions:
            rows = hlapi.bulkCmd(*arguments, 0, repetitions, self._object(root), **options)
        else:
            rows = hlapi.nextCmd(*arguments, self._object(root), **options)
        for told in rows:
            answer = self._answer(told)
            check(answer.error == "noError", f"walk of {root}: {answer}")
            yield from answer.varbinds


# ---- receiving ----

class Receiver:
    """Takes traps and informs, and acknowledges these, in a thread of its own. heard: list of Heard."""

    LEVELS = {1: "noAuthNoPriv", 2: "authNoPriv", 3: "authPriv"}

    def __init__(self, ip, communities=(), users=()):
        """users: (name, passphrase of SHA, passphrase of AES)."""
        self.heard = []
        self.engine = engine.SnmpEngine()
        transport = udp.UdpTransport().openServerMode((ip, 0))
        self.address = transport.socket.getsockname()
        config.addTransport(self.engine, udp.domainName, transport)
        for name in communities:
            config.addV1System(self.engine, name, name)
        for name, key, private in users:
            config.addV3User(self.engine, name, config.usmHMACSHAAuthProtocol, key, config.usmAesCfb128Protocol, private)
        self.request = {}
        self.engine.observer.registerObserver(self._note, "rfc3412.receiveMessage:request")
        ntfrcv.NotificationReceiver(self.engine, self._take)
        self.engine.transportDispatcher.jobStarted(1)
        self.thread = threading.Thread(target=self.engine.transportDispatcher.runDispatcher, daemon=True)
        self.thread.start()

    def _note(self, _engine, _point, variables, _context):
        self.request = dict(variables)

    def _take(self, _engine, _reference, _engine_id, context, varbinds, _data):
        request = self.request
        self.heard.append(Heard({2: "v2c", 3: "v3"}[int(request["securityModel"])], self.LEVELS[int(request["securityLevel"])],
                                str(request["securityName"]), bytes(context).decode(), request["pdu"].__class__.__name__,
                                [(tuple(n), v) for n, v in varbinds]))

    def close(self):
        self.engine.transportDispatcher.jobFinished(1)
        self.thread.join(10)
        self.engine.transportDispatcher.closeDispatcher()
