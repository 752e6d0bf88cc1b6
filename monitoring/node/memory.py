"""Panels of memory, swap and paging."""

from monitoring.panels import Panel, Query, graph, growth


def memory() -> Panel:
    """Return what the memory is used for."""
    cache = "node_memory_Cached_bytes + node_memory_SReclaimable_bytes"
    free = f"node_memory_MemFree_bytes + node_memory_Buffers_bytes + {cache}"
    used = f"node_memory_MemTotal_bytes - ({free})"
    return graph(
        "Memory",
        "bytes",
        Query(used, "used"),
        Query("node_memory_Buffers_bytes", "buffers"),
        Query(cache, "cache"),
        Query("node_memory_MemFree_bytes", "free"),
        stacked=True,
    )


def swap() -> Panel:
    """Return the swap in use and free."""
    return graph(
        "Swap",
        "bytes",
        Query("node_memory_SwapTotal_bytes - node_memory_SwapFree_bytes", "used"),
        Query("node_memory_SwapFree_bytes", "free"),
        stacked=True,
    )


def committed() -> Panel:
    """Return the memory that was promised, and what may be."""
    return graph(
        "Committed",
        "bytes",
        Query("node_memory_Committed_AS_bytes", "promised"),
        Query("node_memory_CommitLimit_bytes", "limit"),
    )


def active() -> Panel:
    """Return memory that was used of late, and that was not."""
    return graph(
        "Active and inactive",
        "bytes",
        Query("node_memory_Active_bytes", "active"),
        Query("node_memory_Inactive_bytes", "inactive"),
    )


def dirty() -> Panel:
    """Return what has not been written to a disk."""
    return graph(
        "To be written",
        "bytes",
        Query("node_memory_Dirty_bytes", "waits"),
        Query("node_memory_Writeback_bytes", "is being written"),
    )


def kernel() -> Panel:
    """Return the kernel's own memory."""
    return graph(
        "Kernel",
        "bytes",
        Query("node_memory_SUnreclaim_bytes", "slab, kept"),
        Query("node_memory_SReclaimable_bytes", "slab, can be freed"),
        Query("node_memory_KernelStack_bytes", "stacks"),
        Query("node_memory_PageTables_bytes", "page tables"),
        stacked=True,
    )


def paged() -> Panel:
    """Return the kilobytes that are read from and written to disks."""
    return graph(
        "Pages", "short", growth("node_vmstat_pgpgin", "in"), growth("node_vmstat_pgpgout", "out")
    )


def swapped() -> Panel:
    """Return the pages that go to swap and come back."""
    return graph(
        "Swapping",
        "short",
        growth("node_vmstat_pswpin", "in"),
        growth("node_vmstat_pswpout", "out"),
    )


def faults() -> Panel:
    """Return accesses to pages that were not there, and processes ended for memory."""
    return graph(
        "Page faults",
        "short",
        growth("node_vmstat_pgfault", "all"),
        growth("node_vmstat_pgmajfault", "from a disk"),
        growth("node_vmstat_oom_kill", "ended for lack of memory"),
    )
