"""Processes with limits, in which foreign files are opened.

Libraries that parse Parquet, Excel and the like allocate what a file declares, and abort the process where they cannot. A
file is therefore opened in a child process with limits of memory, CPU time, time and output; whatever happens to it, the
process that asked gets a result or an error.

    limits   limits of a process, and the memory of the machine
    child    calls a function in a child process
"""

from vigie.isolation.child import ChildFailed, call, is_out_of_memory
from vigie.isolation.limits import Limits, limit_memory, machine_memory

__all__ = ["ChildFailed", "Limits", "call", "is_out_of_memory", "limit_memory", "machine_memory"]
