"""Has the kernel refuse this process what no decoder needs: sockets, programs, changed files.

A filter of seccomp takes no privilege and no namespace, so that it also works in containers. What
else a process may do is not decided here.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from dataclasses import dataclass
from typing import Final

_PR_SET_NO_NEW_PRIVS: Final = 38
_SET_MODE_FILTER: Final = 1
_FILTER_TSYNC: Final = 1  # all threads of the process

# Classic BPF: load a word of seccomp_data; jump where it equals k, is at least k, or shares a bit
# with k; return k.
_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_JUMP_BITS: Final = 0x45
_RETURN: Final = 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | errno.EPERM
_KILL_PROCESS: Final = 0x80000000
# Calls of the x32 ABI, which x86-64 kernels may have beside their own, begin here.
_X32: Final = 0x40000000
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class SeccompUnusable(Exception):
    """The kernel, or this processor's table of calls, has no filter for us."""


@dataclass(frozen=True, slots=True)
class _Machine:
    """A processor's number in the filter, and its column in the table of calls."""

    architecture: int
    column: int


_MACHINES: Final = {"x86_64": _Machine(0xC000003E, 0), "aarch64": _Machine(0xC00000B7, 1)}
_SECCOMP: Final = (317, 277)
# Each processor's number of a call, where it has it. io_uring makes sockets too; shared memory that
# is cut short would end the server.
_REFUSED: Final = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "accept": (43, 202),
    "accept4": (288, 242), "bind": (49, 200), "listen": (50, 201), "io_uring_setup": (425, 425),
    "execve": (59, 221), "execveat": (322, 281), "ptrace": (101, 117),
    "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kill": (62, 129),
    "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438), "mount": (165, 40),
    "umount2": (166, 39), "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280),
    "userfaultfd": (323, 282), "creat": (85, None), "openat2": (437, 437), "truncate": (76, 45),
    "ftruncate": (77, 46), "unlink": (87, None), "unlinkat": (263, 35), "rename": (82, None),
    "renameat": (264, 38), "renameat2": (316, 276), "link": (86, None), "linkat": (265, 37),
    "symlink": (88, None), "symlinkat": (266, 36), "mkdir": (83, None), "mkdirat": (258, 34),
    "rmdir": (84, None), "mknod": (133, None), "mknodat": (259, 33), "chmod": (90, None),
    "fchmod": (91, 52), "fchmodat": (268, 53), "chown": (92, None), "fchown": (93, 55),
    "lchown": (94, None), "fchownat": (260, 54),
}  # fmt: skip
# Calls that open files, with the place of their flags among their arguments.
_OPENING: Final = (((2, 1), (257, 2)), ((56, 2),))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def forbid_new_privileges() -> None:
    """Neither this process nor what it starts gets more rights than it has. Raises OSError."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")


def refuse_calls() -> None:
    """From now on the calls end with EPERM, in every thread. Raises SeccompUnusable.

    New privileges must have been forbidden. It cannot be undone.
    """
    processor = os.uname().machine
    machine = _MACHINES.get(processor)
    if machine is None or sys.maxsize < 1 << 32:
        raise SeccompUnusable(f"its system calls are not known for {processor}")
    code = _filter(machine)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.syscall(
        ctypes.c_long(_SECCOMP[machine.column]), ctypes.c_long(_SET_MODE_FILTER),
        ctypes.c_long(_FILTER_TSYNC), ctypes.byref(program),
    )  # fmt: skip
    if failed:
        raise SeccompUnusable(f"seccomp: {os.strerror(ctypes.get_errno())}")


def _filter(machine: _Machine) -> bytes:
    """As the kernel takes it: eight bytes an instruction. A jump counts from the one after it."""
    numbers = [pair[machine.column] for pair in _REFUSED.values()]
    refused = [number for number in numbers if number is not None]
    opening = _OPENING[machine.column]
    length = 5 + len(refused) + 3 * len(opening) + 2
    allow, refuse = length - 2, length - 1
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_EQUAL, 1, 0, machine.architecture),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_JUMP_AT_LEAST, refuse - 5, 0, _X32),
    ]
    for number in refused:
        steps.append((_JUMP_EQUAL, refuse - len(steps) - 1, 0, number))
    for number, place in opening:
        steps.append((_JUMP_EQUAL, 0, 2, number))
        steps.append((_LOAD, 0, 0, _ARGUMENTS_AT + 8 * place))
        at = len(steps) + 1
        steps.append((_JUMP_BITS, refuse - at, allow - at, _WRITING))
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
