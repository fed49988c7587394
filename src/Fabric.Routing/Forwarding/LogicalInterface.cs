using Fabric.Link;
using Fabric.Routing.Acl;
using Fabric.Wire;

namespace Fabric.Routing.Forwarding;

/// <summary>An interface as both sides of the router know it: the control side replaces what is volatile, the data path reads it.</summary>
internal sealed class LogicalInterface
{
    private const int TagLength = 4;
    private static readonly IpAddress AllSystemsV4 = IpAddress.FromV4(0xE000_0001);
    private static readonly IpAddress AllRoutersV4 = IpAddress.FromV4(0xE000_0002);
    private readonly List<IpAddress> _joined = [];
    private readonly HashSet<IpAddress> _unusable = [];
    private volatile RouterInterface _state;
    private volatile IpAddress[] _groups = [];
    private long _received;
    private long _receivedBytes;
    private long _sent;
    private long _sentBytes;

    internal LogicalInterface(int index, RouterInterfaceOptions options, IPort? port, IpPrefix[] addresses)
    {
        Index = index;
        Options = options;
        Port = port;
        Vlan = options.Vlan ?? 0;
        HeaderLength = EthernetView.MinHeaderLength + (Vlan == 0 ? 0 : TagLength);
        MacBits = options.Mac.Bits;
        Mtu = options.Mtu;
        AccessOut = options.AccessOut;
        IsScreened = options.AccessIn is not null || options.ReversePath != ReversePathCheck.Off;
        _state = new RouterInterface(index, options.Name, port?.IsUp ?? true, port is null, Mtu, options.Mac, addresses);
        ListGroups();
    }

    internal int Index { get; }

    internal RouterInterfaceOptions Options { get; }

    /// <summary>Null for a loopback.</summary>
    internal IPort? Port { get; }

    /// <summary>Its VLAN; 0 for none.</summary>
    internal int Vlan { get; }

    /// <summary>Bytes of the Ethernet header of its frames.</summary>
    internal int HeaderLength { get; }

    internal ulong MacBits { get; }

    internal int Mtu { get; }

    /// <summary>Judges what is sent on by it; null for no list.</summary>
    internal AccessList? AccessOut { get; }

    internal bool IsUp => _state.IsUp;

    /// <summary>What comes in is judged by more than its form.</summary>
    internal bool IsScreened { get; }

    /// <summary>Taken out of the router.</summary>
    internal bool IsGone { get; set; }

    /// <summary>How it is now. Set by the control side.</summary>
    internal RouterInterface State
    {
        get => _state;
        set
        {
            _state = value;
            ListGroups();
        }
    }

    /// <summary>Groups whose packets the router takes here.</summary>
    internal IpAddress[] Groups => _groups;

    internal long Received => Volatile.Read(ref _received);

    internal long ReceivedBytes => Volatile.Read(ref _receivedBytes);

    internal long Sent => Volatile.Read(ref _sent);

    internal long SentBytes => Volatile.Read(ref _sentBytes);

    internal bool HasGroup(IpAddress group) => Array.IndexOf(_groups, group) >= 0;

    /// <summary>False for an address that is on probation, or that somebody else has. Control side.</summary>
    internal bool IsUsable(IpAddress own) => !_unusable.Contains(own);

    /// <summary>Puts an address on probation, or takes it from there. Control side.</summary>
    internal void SetUsable(IpAddress own, bool usable)
    {
        if (usable)
            _unusable.Remove(own);
        else
            _unusable.Add(own);
    }

    /// <summary>Takes all addresses from probation. Control side.</summary>
    internal void SetAllUsable() => _unusable.Clear();

    /// <summary>Joins a group. Control side.</summary>
    /// <returns>False when it is joined already.</returns>
    internal bool Join(IpAddress group)
    {
        if (_joined.Contains(group))
            return false;
        _joined.Add(group);
        ListGroups();
        return true;
    }

    internal int Joined => _joined.Count;

    /// <summary>Counts what came in. The port's worker alone.</summary>
    internal void CountReceived(int frames, long bytes)
    {
        Volatile.Write(ref _received, _received + frames);
        Volatile.Write(ref _receivedBytes, _receivedBytes + bytes);
    }

    internal void CountSent(int frames, long bytes)
    {
        Interlocked.Add(ref _sent, frames);
        Interlocked.Add(ref _sentBytes, bytes);
    }

    private void ListGroups()
    {
        List<IpAddress> groups = [AllSystemsV4, AllRoutersV4];
        if (Options.UseV6)
            groups.AddRange([IpAddress.AllNodes, IpAddress.AllRouters]);
        groups.AddRange(_state.Addresses.Where(own => !own.IsV4).Select(own => own.Address.SolicitedNode));
        groups.AddRange(_joined);
        _groups = [.. groups.Distinct()];
    }
}
