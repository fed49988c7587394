using Fabric.Link;
using Fabric.Overlay.Underlays;
using Fabric.Wire;

namespace Fabric.Overlay;

// The VXLAN tunnel end point of RFC 7348
//
// A VTEP has one address and UDP port, which the underlay owns, and any number of segments, each a port of a switch (VxlanPort).
//
//   switch ──Transmit──▶ VxlanPort ──▶ Encapsulator ──▶ IUnderlay.Send
//   switch ◀──Accept──── VxlanPort ◀── Decapsulator ◀── IUnderlay.Receive ◀── Receiver ◀── PortWorker
//
// Out: each frame's first bytes are copied, because a guest may change them, and behind room for the VXLAN header. The source must not be a
// group, nor a station that is configured to be elsewhere. (VNI, destination) → VTEP; a group or an unknown station goes to all VTEPs of
// the segment by head-end replication, or to a multicast group, within the flood limit. Partial checksums and super-frames end here: the
// tunnel's far end must get what a wire would carry, so OffloadCompleter finishes each frame first, and every segment is a tunnel packet
// of its own. The underlay may carry many of them at once. Nothing is fragmented: what does not fit is dropped and counted.
//
// In: the I flag must be set, the segment known, the sender one of its VTEPs (unless the segment takes any), the frame whole, its source no
// group and no station that is configured elsewhere. What passes teaches where its source is, and goes to the segment's sink. TCP
// segments in a row are handed on as one super-frame, so that the rest of the way costs once what it would cost forty times.
//
// Never from tunnel to tunnel: nothing here leads from Decapsulator to Encapsulator, and a switch returns nothing to the port it came
// from. Every drop is counted with one reason: in the segment's port, or, before the segment is known, in the Receiver's.
//
// Locks, in this order: the transmit lock (one sender at a time; held over system calls), the table lock (stations, VTEPs, segments; held
// for look-ups of a burst). The receive side takes the table lock alone, and holds nothing while it calls a sink: so a switch may transmit
// into the tunnel under its own lock while the worker waits for that same lock.

/// <summary>A VXLAN tunnel end point (RFC 7348).</summary>
public sealed class Vtep : IDisposable
{
    private const int SmallestMtu = 68;

    private readonly VtepOptions _options;
    private readonly TimeProvider _time;
    private readonly long _epoch;
    private readonly Encapsulator _encapsulator;
    private readonly Dictionary<IpAddress, RemoteVtep> _byAddress = [];
    private readonly Dictionary<int, VxlanPort> _byVni = [];
    private readonly HashSet<IpAddress> _groups = [];
    private RemoteVtep[] _remotes = [];
    private bool _disposed;

    /// <summary>Makes an end point without segments.</summary>
    /// <param name="name">Name in the topology.</param>
    /// <param name="underlay">Carries its packets; disposed with it.</param>
    /// <param name="time">Clock for ageing and limits.</param>
    /// <param name="options">What holds for all segments; null for the usual.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    /// <exception cref="LinkException">The host refuses a descriptor.</exception>
    public Vtep(string name, IUnderlay underlay, TimeProvider time, VtepOptions? options = null)
    {
        options ??= new VtepOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.AgeingTime, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.AgeingTime, TimeSpan.FromSeconds(1_000_000));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxRemotes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxRemotes, VtepOptions.MostRemotes);
        Name = name;
        Underlay = underlay;
        _options = options;
        _time = time;
        _epoch = time.GetTimestamp();
        Outside = new OutsideView(this);
        _encapsulator = new Encapsulator(this, options.HashSeed);
        Receiver = new VtepReceiver(this);
    }

    /// <summary>Name in the topology.</summary>
    public string Name { get; }

    /// <summary>Carries its packets.</summary>
    public IUnderlay Underlay { get; }

    /// <summary>What a worker polls, with any sink, to bring in the frames of all segments. Its counters have the packets that belong to no
    /// segment.</summary>
    public VtepReceiver Receiver { get; }

    /// <summary>Shows the tunnels' packets to whoever looks on.</summary>
    public OutsideView Outside { get; }

    /// <summary>The segments. Allocates.</summary>
    public IReadOnlyList<VxlanPort> Segments
    {
        get
        {
            lock (Tables)
            {
                return [.. _byVni.Values.OrderBy(port => port.Vni)];
            }
        }
    }

    /// <summary>Guards stations, remotes and segments.</summary>
    internal Lock Tables { get; } = new();

    /// <summary>By index. Replaced, not changed.</summary>
    internal RemoteVtep[] Remotes => Volatile.Read(ref _remotes);

    /// <summary>Begins a segment.</summary>
    /// <param name="vni">VXLAN network identifier, 0 … 16,777,215.</param>
    /// <param name="name">Name of its port.</param>
    /// <param name="options">How it is treated; null for the usual.</param>
    /// <returns>Its port; ends with the VTEP or when it is disposed.</returns>
    /// <exception cref="OverlayException">The VTEP has the segment already, or there is no such identifier.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    public VxlanPort AddSegment(int vni, string name, SegmentOptions? options = null)
    {
        options ??= new SegmentOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxStations, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxStations, SegmentOptions.LargestTable);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxStationsPerRemote);
        ArgumentOutOfRangeException.ThrowIfNegative(options.FloodLimit);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Mtu);
        if (vni is < 0 or > VxlanView.MaxVni)
            throw new OverlayException($"{Name}: {vni} is no VXLAN network identifier; choose one from 0 to {VxlanView.MaxVni}");
        VxlanPort port = new(this, name, vni, options, _options) { Mtu = options.Mtu };
        if (options.FloodLimit != 0)
            port.FloodBucket = new TokenBucket(options.FloodLimit, Math.Max(1, options.FloodLimit / 10.0), _time.TimestampFrequency, _time.GetTimestamp());
        lock (Tables)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_byVni.TryAdd(vni, port))
                throw new OverlayException($"{Name}: segment {vni} has port {_byVni[vni].Name} already; remove it first");
            Receiver.SegmentsChangedLocked();
        }

        return port;
    }

    /// <summary>Makes a VTEP, or a multicast group, one that the segment's floods go to and whose frames it takes.</summary>
    /// <param name="port">A segment of this VTEP.</param>
    /// <param name="address">Its address, of the underlay's family. A group is joined.</param>
    /// <param name="udpPort">UDP port it listens on; null for the one of this VTEP.</param>
    /// <exception cref="OverlayException">The address cannot be one, or there are too many.</exception>
    public void AddRemote(VxlanPort port, IpAddress address, ushort? udpPort = null)
    {
        if (address.IsV4 != Underlay.Local.IsV4)
            throw new OverlayException($"{Name}: {address} cannot be reached from {Underlay.Local}: give both ends addresses of one IP version");
        if (address == Underlay.Local)
            throw new OverlayException($"{Name}: {address} is this end point itself; name the other ends only");
        bool mustJoin;
        lock (Tables)
        {
            mustJoin = IsGroup(address) && _groups.Add(address);
            RemoteVtep remote = FindOrAddLocked(address) ?? ReplaceFoundLocked(address)
                ?? throw new OverlayException($"{Name}: there are {_options.MaxRemotes} other end points already; allow more or take some out");
            remote.Port = udpPort ?? (remote.Port != 0 ? remote.Port : Underlay.Port);
            if (Array.IndexOf(port.Flood, remote) < 0)
                port.Flood = [.. port.Flood, remote];
            bool[] members = new bool[_remotes.Length];
            port.Members.CopyTo(members, 0);
            members[remote.Index] = true;
            port.Members = members;
            port.Stations.Remotes = port.Flood.Length;
        }

        if (mustJoin)
            Underlay.Join(address);
        RefreshMtu(port);
    }

    /// <summary>Stops sending to a VTEP, and forgets the stations behind it.</summary>
    /// <param name="port">A segment of this VTEP.</param>
    /// <param name="address">The VTEP.</param>
    /// <returns>False when the segment does not have it.</returns>
    public bool RemoveRemote(VxlanPort port, IpAddress address)
    {
        lock (Tables)
        {
            if (!_byAddress.TryGetValue(address, out RemoteVtep? remote) || !port.IsMember(remote.Index))
                return false;
            port.Flood = [.. port.Flood.Where(other => other != remote)];
            port.Members = [.. port.Members.Select((isMember, index) => isMember && index != remote.Index)];
            port.Stations.Flush(remote.Index);
            port.Stations.Remotes = Math.Max(1, port.Flood.Length);
        }

        RefreshMtu(port);
        return true;
    }

    /// <summary>Says for good where a station is. It neither ages nor moves, and frames from it by another way are dropped.</summary>
    /// <param name="port">A segment of this VTEP.</param>
    /// <param name="station">The station; no group.</param>
    /// <param name="remote">One of the segment's VTEPs.</param>
    /// <exception cref="OverlayException">The station is a group, the VTEP not one of the segment's, or the table full of such entries.</exception>
    public void AddStatic(VxlanPort port, MacAddress station, IpAddress remote)
    {
        if (station.IsGroup)
            throw new OverlayException($"{port.Name}: {station} is a group, and no station; a station's first octet is even");
        lock (Tables)
        {
            if (!_byAddress.TryGetValue(remote, out RemoteVtep? known) || !port.IsMember(known.Index))
                throw new OverlayException($"{port.Name}: {remote} is none of the segment's end points; add it first");
            if (!port.Stations.TryFix(station.Bits, known.Index))
                throw new OverlayException($"{port.Name}: the segment's table has no place for {station}; give it a larger one");
        }
    }

    /// <summary>Says who has an address, so that requests for it are answered here.</summary>
    /// <param name="port">A segment that suppresses requests.</param>
    /// <param name="address">IPv4 or IPv6.</param>
    /// <param name="station">Who has it.</param>
    /// <param name="isRouter">Whether it is a router's, which neighbour advertisements tell.</param>
    /// <exception cref="OverlayException">The segment does not answer requests.</exception>
    public void AddBinding(VxlanPort port, IpAddress address, MacAddress station, bool isRouter = false)
    {
        if (port.Neighbors is not { } neighbors)
            throw new OverlayException($"{port.Name}: the segment answers no requests; turn suppression on to give it bindings");
        lock (Tables)
        {
            neighbors.AddStatic(address, station, isRouter);
        }
    }

    /// <summary>Forgets a station, learned or static.</summary>
    /// <param name="port">A segment of this VTEP.</param>
    /// <param name="station">The station.</param>
    /// <returns>False when it was not known.</returns>
    public bool Forget(VxlanPort port, MacAddress station)
    {
        lock (Tables)
        {
            return port.Stations.Forget(station.Bits);
        }
    }

    /// <summary>The stations known behind other VTEPs. Allocates; holds up the data path for a copy of the table.</summary>
    /// <param name="port">A segment of this VTEP.</param>
    public IReadOnlyList<StationEntry> Stations(VxlanPort port)
    {
        lock (Tables)
        {
            port.Stations.SetTime(Seconds());
            return port.Stations.List(port.Vni, _remotes);
        }
    }

    /// <summary>The VTEPs of a segment, configured and found. Allocates.</summary>
    /// <param name="port">A segment of this VTEP.</param>
    public IReadOnlyList<RemoteEntry> RemotesOf(VxlanPort port)
    {
        lock (Tables)
        {
            Dictionary<IpAddress, int> counts = port.Stations.List(port.Vni, _remotes).GroupBy(entry => entry.Remote).ToDictionary(group => group.Key, group => group.Count());
            return [.. _remotes.Where(remote => port.IsMember(remote.Index) || counts.ContainsKey(remote.Address))
                .Select(remote => new RemoteEntry(port.Vni, remote.Address, remote.Port, port.IsMember(remote.Index), counts.GetValueOrDefault(remote.Address)))];
        }
    }

    /// <summary>Asks the underlay again what it carries whole, and derives the segment's MTU from it.</summary>
    /// <param name="port">A segment of this VTEP.</param>
    public void RefreshMtu(VxlanPort port)
    {
        int least = int.MaxValue;
        foreach (RemoteVtep remote in port.Flood)
        {
            if (Underlay.MtuTo(remote.Address) is var mtu && mtu != 0)
                least = Math.Min(least, mtu);
        }

        port.PathMtu = least == int.MaxValue ? 0 : Math.Max(SmallestMtu, Math.Min(least, ushort.MaxValue) - port.Overhead);
        bool isLess = port.PathMtu != 0 && (port.Options.Mtu == 0 || port.PathMtu < port.Options.Mtu);
        port.Mtu = isLess ? port.PathMtu : port.Options.Mtu;
    }

    /// <summary>Ends all segments and the underlay. No worker polls <see cref="Receiver"/> any more.</summary>
    public void Dispose()
    {
        VxlanPort[] ports;
        lock (Tables)
        {
            if (_disposed)
                return;
            _disposed = true;
            ports = [.. _byVni.Values];
        }

        foreach (VxlanPort port in ports)
            Remove(port);
        _encapsulator.Dispose();
        Receiver.Dispose();
        Underlay.Dispose();
    }

    internal void Remove(VxlanPort port)
    {
        lock (Tables)
        {
            if (!_byVni.TryGetValue(port.Vni, out VxlanPort? known) || known != port)
                return;
            _byVni.Remove(port.Vni);
            Receiver.SegmentsChangedLocked();
        }

        port.Detach();
    }

    internal int Transmit(VxlanPort port, ReadOnlySpan<Frame> frames) => _encapsulator.Transmit(port, frames);

    internal IEnumerable<VxlanPort> SegmentsLocked() => _byVni.Values;

    internal VxlanPort? SegmentLocked(int vni) => _byVni.GetValueOrDefault(vni);

    /// <summary>Finds the VTEP with an address.</summary>
    internal RemoteVtep? FindLocked(IpAddress address) => _byAddress.GetValueOrDefault(address);

    /// <summary>Finds the VTEP with an address, or makes one that listens where this one does.</summary>
    /// <returns>Null when there are too many.</returns>
    internal RemoteVtep? FindOrAddLocked(IpAddress address)
    {
        if (_byAddress.TryGetValue(address, out RemoteVtep? remote))
            return remote;
        if (_remotes.Length >= _options.MaxRemotes)
            return null;
        remote = new RemoteVtep(_remotes.Length, address, Underlay.Port);
        _byAddress.Add(address, remote);
        Volatile.Write(ref _remotes, [.. _remotes, remote]);
        return remote;
    }

    /// <summary>Gives the place of a VTEP that was found by its frames to one that is configured: strangers must not keep it out.</summary>
    private RemoteVtep? ReplaceFoundLocked(IpAddress address)
    {
        RemoteVtep? found = Array.Find(_remotes, remote => !_byVni.Values.Any(port => port.IsMember(remote.Index)));
        if (found is null)
            return null;
        foreach (VxlanPort port in _byVni.Values)
            port.Stations.Flush(found.Index);
        _byAddress.Remove(found.Address);
        RemoteVtep remote = new(found.Index, address, Underlay.Port);
        _byAddress.Add(address, remote);
        Volatile.Write(ref _remotes, [.. _remotes.Select(other => other == found ? remote : other)]);
        return remote;
    }

    internal long Frequency => _time.TimestampFrequency;

    internal long Ticks() => _time.GetTimestamp();

    internal uint Seconds() => (uint)((_time.GetTimestamp() - _epoch) / _time.TimestampFrequency);

    internal static bool IsGroup(IpAddress address) => address.IsV4 ? address.V4 >> 28 == 0xE : address.Bits >> 120 == 0xFF;
}
