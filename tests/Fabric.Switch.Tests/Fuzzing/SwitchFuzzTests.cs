using System.Buffers.Binary;
using System.Net;
using Fabric.Link;
using Fabric.Switch.Acl;
using Fabric.Switch.Mirrors;
using Fabric.Switch.Policing;
using Fabric.Switch.Vlans;
using Fabric.TestKit;
using Fabric.TestKit.Time;
using Fabric.Wire;

namespace Fabric.Switch.Tests.Fuzzing;

/// <summary>Random frames through a switch whose configuration changes at random all the while.</summary>
/// <remarks>The full run is ten million frames: <c>FABRIC_TEST_COUNT=10000000 dotnet test -c Release tests/Fabric.Switch.Tests --filter
/// SwitchFuzz</c>, two to three minutes. What is checked: nothing crashes or reads past a frame's end; each frame has exactly one fate, and
/// as many copies leave as the counters say; no frame leaves a port that its state, its VLANs or isolation forbid, or in the wrong form;
/// forwarding allocates nothing.</remarks>
[Collection(RunsAlone.Name)]
public sealed class SwitchFuzzTests : IDisposable
{
    private const int PortCount = 6;
    private const int BurstsPerChange = 16;
    private static readonly DropReason[] Reasons = Enum.GetValues<DropReason>();
    private static readonly int[] Vids = [0, 1, 10, 20, 30, 4095];
    private static readonly ushort[] Types = [0x0800, 0x86dd, 0x0806, 0x88b5, 0x8100, 0x88a8, 5];
    private readonly Random _random = new(TestSeed.Seed);
    private readonly ManualTimeProvider _time = new();
    private readonly GuardedFrames _memory = new();
    private readonly WitnessPort[] _ports;
    private readonly EthernetSwitch _switch;
    private readonly AccessList[] _lists;
    private readonly FuzzedProtocols _protocols;
    private readonly Frame[] _burst = new Frame[IPort.MaxBurst];
    private readonly Observer _observer = new();
    private bool _observed;
    private long _allocated;

    public SwitchFuzzTests()
    {
        _switch = new EthernetSwitch("lan", _time, new SwitchOptions { MaxEntries = 48, AgeingTime = TimeSpan.FromSeconds(5), HashSeed = 7 });
        _ports = [.. Enumerable.Range(0, PortCount).Select(i => new WitnessPort($"p{i}", (FrameOffloads)(i % 2 == 0 ? 0 : 31)))];
        foreach (WitnessPort port in _ports)
        {
            port.All = _ports;
            _switch.Attach(port);
        }

        _protocols = _switch.AttachProtocol(control => new FuzzedProtocols(_random, control, _ports));
        _switch.SetSnooper(control =>
        {
            _protocols.Multicast = control;
            return _protocols;
        });
        _lists = [.. Enumerable.Range(0, 4).Select(i => new AccessList($"list{i}", [.. Enumerable.Range(0, 6).Select(_ => RandomRule())], (AclAction)(i & 1)))];
    }

    public void Dispose()
    {
        _switch.Dispose();
        _memory.Dispose();
    }

    [Fact]
    public void NothingHarmsTheSwitch()
    {
        long count = TestSeed.Count(60_000);
        Burst(0);
        long memory = LiveMemory.Settled();
        _allocated = 0;
        for (int bursts = 0; _switch.Counters.Received < count; bursts++)
        {
            if (bursts % BurstsPerChange == 0)
                Change();
            Burst(_random.Next(PortCount));
            Assert.Null(Array.Find(_ports, port => port.Fault is not null)?.Fault);
        }

        // The runtime allocates now and then for itself while methods are compiled again.
        Assert.InRange(_allocated, 0, 4096);
        Assert.InRange(LiveMemory.Settled() - memory, long.MinValue, 2_000_000);
        SwitchCounters counters = _switch.Counters;
        DropReason[] silent = [.. SwitchReasons.Where(reason => counters.Drops(reason) == 0)];
        Assert.Empty(silent);
        long[] done = [counters.Forwarded, counters.Flooded, counters.Consumed, counters.Learned, counters.Moved, counters.TableFull, counters.Evicted, counters.Aged];
        Assert.DoesNotContain(0, done);
    }

    private static DropReason[] SwitchReasons =>
    [
        DropReason.Truncated, DropReason.Oversized, DropReason.BadOffload, DropReason.GroupSource, DropReason.SamePort, DropReason.NoPort,
        DropReason.ReservedGroup, DropReason.VlanFiltered, DropReason.PortState, DropReason.PortShut, DropReason.Isolated,
        DropReason.SecurityViolation, DropReason.AclDenied, DropReason.Policed, DropReason.StormControl, DropReason.NoMember, DropReason.BadMembership,
    ];

    private void Burst(int from)
    {
        int count = _random.Next(1, IPort.MaxBurst + 1);
        bool segmented = false;
        for (int i = 0; i < count; i++)
            segmented |= Make(i, from);
        SwitchCounters counters = _switch.Counters;
        (long received, long forwarded, long flooded) = (counters.Received, counters.Forwarded, counters.Flooded);
        long before = GC.GetAllocatedBytesForCurrentThread();
        _switch.Accept(_ports[from], _burst.AsSpan(0, count));
        _allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(received + count, counters.Received);
        long fates = counters.Forwarded + counters.Flooded + counters.Consumed;
        foreach (DropReason reason in Reasons)
            fates += counters.Drops(reason);
        Assert.Equal(counters.Received, fates);
        CountCopies(counters.Forwarded - forwarded, counters.Flooded - flooded, segmented);
        foreach (WitnessPort port in _ports)
            port.IsShut = port.Options.Security is { OnViolation: ViolationAction.Shut } && _switch.Status(port).IsShut;
        _time.Advance(TimeSpan.FromMilliseconds(_random.Next(256) == 0 ? 6000 : _random.Next(20)));
    }

    // What protocols send themselves is not counted.
    private void CountCopies(long forwarded, long flooded, bool segmented)
    {
        int copies = 0;
        foreach (WitnessPort port in _ports)
        {
            copies += port.Copies;
            port.Copies = 0;
        }

        Assert.True(copies >= forwarded + flooded, $"{copies} copies for {forwarded} and {flooded} frames");
        Assert.True(segmented || copies <= forwarded + (flooded * (PortCount - 1)), $"{copies} copies for {forwarded} and {flooded} frames");
    }

    // Returns true for a frame that may become several.
    private bool Make(int slot, int from)
    {
        int length = _random.Next(16) switch
        {
            0 => _random.Next(1, 40),
            1 => _random.Next(1400, 1600),
            2 when _random.Next(64) == 0 => _random.Next(65_400, Frame.MaxLength + 20),
            _ => _random.Next(60, 200),
        };
        Span<byte> frame = _memory.Bytes(slot, length);
        int header = Math.Min(length, 96);
        _random.NextBytes(frame[..header]);
        if (length >= 80)
            MakeHeader(frame);
        FrameOffload offload = _random.Next(8) == 0 ? RandomOffload() : default;
        if (length >= 60)
        {
            int vid = VidOf(from, frame, out int untagged);
            WitnessPort.Sign(frame, from, vid, untagged, offload.IsNone);
        }

        Span<int> cuts = stackalloc int[3];
        int pieces = length < 8 || _random.Next(4) != 0 ? 0 : _random.Next(1, 4);
        for (int i = 0; i < pieces; i++)
            cuts[i] = _random.Next(1, Math.Min(length, 200));
        cuts[..pieces].Sort();
        _burst[slot] = _memory.Frame(slot, length, in offload, cuts[..pieces]);
        return offload.Gso != GsoType.None;
    }

    private void MakeHeader(Span<byte> frame)
    {
        MakeAddress(frame, isDestination: true);
        MakeAddress(frame[6..], isDestination: false);
        int at = 12;
        for (int tags = _random.Next(8) switch { < 4 => 0, < 7 => 1, _ => 2 }; tags > 0; tags--, at += 4)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame[at..], (ushort)(_random.Next(4) == 0 ? 0x88a8 : 0x8100));
            BinaryPrimitives.WriteUInt16BigEndian(frame[(at + 2)..], (ushort)(Vids[_random.Next(Vids.Length)] | (_random.Next(16) << 12)));
        }

        ushort type = Types[_random.Next(Types.Length)];
        BinaryPrimitives.WriteUInt16BigEndian(frame[at..], type);
        Span<byte> packet = frame[(at + 2)..];
        if (type == 0x0800)
        {
            packet[0] = (byte)(0x45 + (_random.Next(8) == 0 ? _random.Next(11) : 0));
            BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)_random.Next(20, packet.Length + 10));
            packet[6] &= 0x20;
            packet[7] = (byte)(_random.Next(4) == 0 ? _random.Next(4) : 0);
            packet[9] = (byte)(_random.Next(4) switch { 0 => 6, 1 => 17, 2 => 1, _ => 2 });
        }
        else if (type == 0x86dd)
        {
            packet[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(packet[4..], (ushort)_random.Next(packet.Length));
            packet[6] = (byte)(_random.Next(6) switch { 0 => 6, 1 => 17, 2 => 58, 3 => 44, 4 => 60, _ => 0 });
            packet[40] = (byte)(_random.Next(3) == 0 ? 58 : packet[40]);
            packet[41] = (byte)(_random.Next(2) == 0 ? 0 : packet[41]);
        }
    }

    private void MakeAddress(Span<byte> address, bool isDestination)
    {
        int kind = _random.Next(isDestination ? 12 : 32);
        if (kind == 0)
            return;
        ReadOnlySpan<byte> chosen = (isDestination ? kind : 12) switch
        {
            1 => [0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            2 => [0x01, 0x80, 0xc2, 0, 0, (byte)_random.Next(20)],
            3 or 4 => [0x01, 0x00, 0x5e, 0, 0, (byte)_random.Next(8)],
            _ => [2, 0, 0, 0, 0, (byte)_random.Next(40)],
        };
        chosen.CopyTo(address);
    }

    // The test's own reading of IEEE 802.1Q, for the frames that the switch lets pass.
    private int VidOf(int from, ReadOnlySpan<byte> frame, out int untagged)
    {
        untagged = frame.Length;
        if (!_ports[from].IsVlanAware)
            return 0;
        PortVlan vlan = _ports[from].Options.Vlan ?? PortVlan.Access(1);
        if (vlan.Mode == VlanMode.Tunnel || BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) != (ushort)vlan.TagType)
            return vlan.Vid;
        untagged -= 4;
        int vid = BinaryPrimitives.ReadUInt16BigEndian(frame[14..]) % 4096;
        return vid == 0 ? vlan.Vid : vid;
    }

    private FrameOffload RandomOffload() => new()
    {
        Flags = (OffloadFlags)_random.Next(4),
        Gso = (GsoType)_random.Next(8),
        GsoSize = (ushort)_random.Next(200),
        HeaderLength = (ushort)_random.Next(100),
        ChecksumStart = (ushort)_random.Next(120),
        ChecksumOffset = (ushort)_random.Next(20),
    };

    private void Change()
    {
        WitnessPort port = _ports[_random.Next(PortCount)];
        switch (_random.Next(8))
        {
            case 0:
                Replug(port);
                break;
            case 1:
                SetMirrors();
                break;
            case 2:
                _switch.ConfigureVlan(10, _random.Next(2) == 0 ? null : new VlanOptions { IngressAcl = _lists[_random.Next(4)], EgressAcl = _lists[_random.Next(4)] });
                break;
            case 3:
                Observe();
                break;
            case 4:
                foreach (FdbEntry entry in _switch.Snapshot().Where(entry => entry.IsFixed))
                    _switch.Forget(entry.Address, entry.Vid);
                _switch.AddStatic(port, MacAddress.Read([2, 0, 0, 0, 0, (byte)_random.Next(4)]), Vids[_random.Next(5)]);
                break;
            default:
                // Plain switches too: nothing but plain ports for a while.
                bool plain = _random.Next(24) == 0;
                foreach (WitnessPort each in plain ? _ports : [port])
                    Configure(each, plain ? PortOptions.Plain : RandomOptions());
                break;
        }
    }

    private void Configure(WitnessPort port, PortOptions options)
    {
        port.Options = options;
        _switch.Configure(port, options);
        _switch.Reopen(port);
        port.IsShut = false;
        foreach (WitnessPort each in _ports)
            each.IsVlanAware = _ports.Any(other => other.Options.Vlan is not null);
    }

    private void Replug(WitnessPort port)
    {
        if (_random.Next(2) == 0)
        {
            port.IsUp = !port.IsUp;
            port.Watcher!.LinkChanged(port, port.IsUp);
            return;
        }

        Assert.True(_switch.Detach(port));
        Assert.Null(port.Watcher);
        port.State = PortState.Forwarding;
        port.IsShut = false;
        _switch.Attach(port, port.Options);
    }

    private void SetMirrors()
    {
        foreach (WitnessPort port in _ports)
            port.IsMirrorTarget = false;
        if (_random.Next(2) == 0)
        {
            _switch.SetMirrors([]);
            return;
        }

        WitnessPort target = _ports[PortCount - 1];
        target.IsMirrorTarget = true;
        _switch.SetMirrors(
        [
            new MirrorSession { Name = "a", Ports = [_ports[0], _ports[1]], Direction = (MirrorDirection)_random.Next(1, 4), ToPort = target },
            new MirrorSession { Name = "b", Vlans = VlanSet.Of(10, 20), TakesRules = true, ToObserver = _observer },
        ]);
    }

    private void Observe()
    {
        if (_observed)
            _switch.RemoveObserver(_observer);
        else
            _switch.AddObserver(_observer);
        _observed = !_observed;
    }

    private PortOptions RandomOptions() => new()
    {
        Vlan = _random.Next(6) switch
        {
            0 => PortVlan.Access(Vids[_random.Next(1, 5)]),
            1 => PortVlan.Trunk(VlanSet.All, _random.Next(2) * 10),
            2 => PortVlan.Trunk(VlanSet.Of(1, 10, 20), 1) with { TagType = _random.Next(2) == 0 ? EtherType.ServiceVlan : EtherType.CustomerVlan },
            3 => PortVlan.Tunnel(Vids[_random.Next(1, 5)]),
            _ => null,
        },
        ForwardReserved = _random.Next(4) == 0,
        IsIsolated = _random.Next(3) == 0,
        Learns = _random.Next(8) != 0,
        MaxAddresses = _random.Next(4) == 0 ? _random.Next(1, 10) : 0,
        Security = _random.Next(6) == 0 ? new PortSecurity { IsSticky = _random.Next(4) == 0, OnViolation = (ViolationAction)_random.Next(2) } : null,
        Police = _random.Next(6) == 0 ? new RateLimit(_random.Next(1000, 10_000_000), _random.Next(1, 10_000)) : null,
        Storm = _random.Next(6) == 0 ? new StormLimits { Broadcast = _random.Next(100), Multicast = _random.Next(100), UnknownUnicast = _random.Next(100) } : null,
        IngressAcl = _random.Next(6) == 0 ? _lists[_random.Next(4)] : null,
        EgressAcl = _random.Next(6) == 0 ? _lists[_random.Next(4)] : null,
    };

    private AclRule RandomRule() => new()
    {
        Action = (AclAction)_random.Next(2),
        Mirrors = _random.Next(4) == 0,
        Source = _random.Next(4) == 0 ? MacAddress.Read([2, 0, 0, 0, 0, (byte)_random.Next(40)]) : null,
        Type = _random.Next(4) == 0 ? (EtherType)Types[_random.Next(Types.Length)] : null,
        Vid = _random.Next(6) == 0 ? Vids[_random.Next(Vids.Length)] : null,
        From = _random.Next(4) == 0 ? new IPNetwork(IPAddress.Parse("128.0.0.0"), 1) : null,
        To = _random.Next(6) == 0 ? new IPNetwork(IPAddress.Parse("0.0.0.0"), 0) : null,
        Protocol = _random.Next(3) == 0 ? IpProtocol.Tcp : null,
        ToPorts = _random.Next(3) == 0 ? new AclPortRange(0, (ushort)_random.Next(65536)) : null,
        FlagsMask = (TcpFlags)(_random.Next(4) == 0 ? _random.Next(256) : 0),
    };

    private sealed class Observer : IFrameObserver
    {
        private long _bytes;

        public void Observe(IPort port, FrameDirection direction, ReadOnlySpan<Frame> frames)
        {
            foreach (ref readonly Frame frame in frames)
                _bytes += frame.Length;
        }

        public void ObserveDrop(IPort port, FrameDirection direction, in Frame frame, DropReason reason) => _bytes -= frame.Length;
    }
}
