"""A whole Slurm on this one computer, for tests: munged, slurmctld and two slurmd, all on loopback.

Its configuration, keys, state and logs lie in one folder; what it starts is ended by process id.
It needs Debian's slurm-wlm and munge, and to be root, as whom its jobs run.
"""

import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "srun")
NODES = ("n1", "n2")
UP = 120.0  # seconds in which the nodes are to be idle; 3 were measured
PORTS = range(10_000, 20_000)  # below those of clients, and of torchrun in backend.jobs.batch
CONFIGURATION = """
ClusterName=saccade-test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge,cred_expire=5
CredType=cred/munge
SlurmctldPort={ports[0]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,sched_min_interval=100000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmdParameters=config_overrides
GresTypes=gpu
ReturnToService=2
KillWait=5
MinJobAge=300
MessageTimeout=5
NodeName=n1 NodeHostName={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=8 Gres=gpu:2 State=UNKNOWN
NodeName=n2 NodeHostName={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=8 Gres=gpu:2 State=UNKNOWN
PartitionName=usual Nodes=n1,n2 Default=YES PriorityTier=1 State=UP
PartitionName=urgent Nodes=n1 PriorityTier=2 State=UP
"""


def missing() -> str:
    """Why no Slurm can be started here; "" where it can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "Slurm's daemons are started by root alone here"
    lacking = [name for name in PROGRAMS if not shutil.which(name)]
    return f"not installed: {', '.join(lacking)}" if lacking else ""


class Cluster:
    """The daemons, by name, with their logs in `folder`. Its path is short and has no spaces."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.configuration = folder, folder / "slurm.conf"
        self.daemons: dict[str, subprocess.Popen] = {}

    def configure(self) -> None:
        (self.folder / "munge").mkdir(mode=0o700)
        self.folder.chmod(0o711)  # munge's socket is for everyone, or munged refuses
        for name in ("run", "state", *(f"spool-{node}" for node in NODES)):
            (self.folder / name).mkdir()
        key = self.folder / "munge" / "key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        host = socket.gethostname().split(".")[0]
        text = CONFIGURATION.format(host=host, folder=self.folder, ports=free_ports(3))
        self.configuration.write_text(text)
        # Two devices that every computer has stand for GPUs: Slurm counts them and no more.
        (self.folder / "gres.conf").write_text("Name=gpu File=/dev/null\nName=gpu File=/dev/zero\n")

    def start(self) -> None:
        """Start all daemons and wait for the nodes. Raises AssertionError with their logs."""
        self.configure()
        munge = self.folder / "munge"
        self.daemon(
            "munged",
            f"--key-file={munge / 'key'}",
            f"--socket={self.folder / 'run' / 'munge'}",
            f"--pid-file={munge / 'pid'}",
            f"--seed-file={munge / 'seed'}",
            "--foreground",
        )
        self.wait(lambda: (self.folder / "run" / "munge").exists())
        self.controller()
        for node in NODES:
            self.daemon(node, "-D", "-N", node, program="slurmd")
        self.wait(lambda: self.nodes() == ["idle"] * len(NODES))

    def controller(self) -> None:
        """Start slurmctld, with the state of the one before it."""
        self.daemon("slurmctld", "-D")

    def recover(self) -> None:
        """Forget all jobs and take back nodes that a controller without memory gave up."""
        self.call("scancel", "--user=root")
        for node in NODES:
            self.call("scontrol", "update", f"nodename={node}", "state=resume")
        self.wait(lambda: self.nodes() == ["idle"] * len(NODES))

    def kill_controller(self) -> None:
        self.daemons["slurmctld"].kill()
        self.daemons.pop("slurmctld").wait()

    def daemon(self, name: str, *flags: str, program: str = "") -> None:
        with open(self.folder / f"{name}.log", "ab") as log:
            self.daemons[name] = subprocess.Popen(
                [shutil.which(program or name), *flags],
                env=os.environ | {"SLURM_CONF": str(self.configuration)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Inside, the nodes neither start nor end anything: what they are told waits."""
        nodes = [self.daemons[node] for node in NODES]
        for node in nodes:
            node.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for node in nodes:
                node.send_signal(signal.SIGCONT)

    def nodes(self) -> list[str]:
        return self.call("sinfo", "-h", "-N", "-p", "usual", "-o", "%t").split()

    def call(self, *words: str) -> str:
        """What one of Slurm's programs prints."""
        done = subprocess.run(
            words,
            env=os.environ | {"SLURM_CONF": str(self.configuration)},
            capture_output=True,
            text=True,
            timeout=30,
        )
        return done.stdout

    def wait(self, look) -> None:
        end = time.monotonic() + UP
        while not look():
            logs = "\n".join(path.read_text()[-1000:] for path in self.folder.glob("*.log"))
            dead = [name for name, daemon in self.daemons.items() if daemon.poll() is not None]
            assert not dead, f"{dead} ended:\n{logs}"
            assert time.monotonic() < end, f"Slurm is not up after {UP:.0f} s:\n{logs}"
            time.sleep(0.1)

    def clear(self) -> None:
        """End every job, and wait until it is gone."""
        end = time.monotonic() + UP
        while self.call("squeue", "-h") and time.monotonic() < end:
            self.call("scancel", f"--user={os.geteuid()}", "--full", "--signal=KILL")
            self.call("scancel", f"--user={os.geteuid()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End every job, then every daemon."""
        if "slurmctld" in self.daemons:
            self.clear()
        for daemon in reversed(self.daemons.values()):
            daemon.send_signal(signal.SIGTERM)
        for daemon in self.daemons.values():
            try:
                daemon.wait(5)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def free_ports(count: int) -> list[int]:
    """Ports that the system gives to nobody by itself, also while a daemon is away for a moment."""
    found: list[int] = []
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            break
    return found
