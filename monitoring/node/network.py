"""Panels of the network: devices, sockets, TCP and UDP."""

from monitoring.panels import Panel, Query, graph, growth


def traffic() -> Panel:
    """Return the bytes that come and go."""
    return graph(
        "Traffic",
        "Bps",
        growth("node_network_receive_bytes_total", "{{device}} in"),
        growth("node_network_transmit_bytes_total", "{{device}} out"),
    )


def packets() -> Panel:
    """Return the packets that come and go."""
    return graph(
        "Packets",
        "pps",
        growth("node_network_receive_packets_total", "{{device}} in"),
        growth("node_network_transmit_packets_total", "{{device}} out"),
    )


def errors() -> Panel:
    """Return the packets that were damaged."""
    return graph(
        "Errors",
        "pps",
        growth("node_network_receive_errs_total", "{{device}} in"),
        growth("node_network_transmit_errs_total", "{{device}} out"),
    )


def drops() -> Panel:
    """Return the packets that there was no room for."""
    return graph(
        "Drops",
        "pps",
        growth("node_network_receive_drop_total", "{{device}} in"),
        growth("node_network_transmit_drop_total", "{{device}} out"),
    )


def tracked() -> Panel:
    """Return the connections that the firewall remembers, and how many it can."""
    return graph(
        "Tracked connections",
        "short",
        Query("node_nf_conntrack_entries", "tracked"),
        Query("node_nf_conntrack_entries_limit", "limit"),
    )


def taken() -> Panel:
    """Return the packets that each processor took, and had no time for."""
    return graph(
        "Packets by processor",
        "pps",
        growth("node_softnet_processed_total", "{{cpu}}"),
        growth("node_softnet_times_squeezed_total", "{{cpu}} out of time"),
    )


def sockets() -> Panel:
    """Return the sockets in use."""
    return graph(
        "Sockets",
        "short",
        Query("node_sockstat_sockets_used", "all"),
        Query("node_sockstat_TCP_inuse", "TCP"),
        Query("node_sockstat_UDP_inuse", "UDP"),
    )


def left() -> Panel:
    """Return TCP sockets that are not in use, and still there."""
    return graph(
        "TCP sockets left",
        "short",
        Query("node_sockstat_TCP_tw", "wait for the last packets"),
        Query("node_sockstat_TCP_orphan", "belong to nobody"),
    )


def socket_memory() -> Panel:
    """Return the memory that sockets take."""
    return graph(
        "Memory of sockets",
        "bytes",
        Query("node_sockstat_TCP_mem_bytes", "TCP"),
        Query("node_sockstat_UDP_mem_bytes", "UDP"),
    )


def segments() -> Panel:
    """Return the TCP segments that come and go."""
    return graph(
        "Segments",
        "short",
        growth("node_netstat_Tcp_InSegs", "in"),
        growth("node_netstat_Tcp_OutSegs", "out"),
    )


def lost() -> Panel:
    """Return TCP segments that did not arrive as they should."""
    return graph(
        "TCP errors",
        "short",
        growth("node_netstat_Tcp_RetransSegs", "sent again"),
        growth("node_netstat_Tcp_InErrs", "damaged"),
        growth("node_netstat_TcpExt_ListenOverflows", "no room to accept"),
        growth("node_netstat_Tcp_OutRsts", "reset"),
    )


def connections() -> Panel:
    """Return TCP connections that are there, and that are made."""
    return graph(
        "TCP connections",
        "short",
        Query("node_netstat_Tcp_CurrEstab", "established"),
        growth("node_netstat_Tcp_ActiveOpens", "made a second"),
        growth("node_netstat_Tcp_PassiveOpens", "taken a second"),
    )


def datagrams() -> Panel:
    """Return the UDP datagrams that come, go, and find nobody."""
    return graph(
        "UDP",
        "short",
        growth("node_netstat_Udp_InDatagrams", "in"),
        growth("node_netstat_Udp_OutDatagrams", "out"),
        growth("node_netstat_Udp_InErrors", "damaged"),
        growth("node_netstat_Udp_NoPorts", "to nobody"),
    )
