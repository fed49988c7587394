using System.Buffers.Binary;
using Fabric.Link;
using Fabric.Switch.Vlans;

namespace Fabric.Switch.Tests.Fuzzing;

/// <summary>A port that checks what leaves by it against what the frame itself says: its last bytes tell where it came in, in which VLAN,
/// and how long it is without the tag of the port it came in on.</summary>
internal sealed class WitnessPort(string name, FrameOffloads accepts) : IPort
{
    internal const int WitnessLength = 16;
    private const uint Magic = 0x5EED_F00D;
    private static readonly PortVlan Default = PortVlan.Access(1);

    /// <summary>What the test has configured.</summary>
    internal PortOptions Options { get; set; } = PortOptions.Plain;

    internal PortState State { get; set; } = PortState.Forwarding;

    internal bool IsShut { get; set; }

    internal bool IsMirrorTarget { get; set; }

    internal WitnessPort[] All { get; set; } = [];

    internal bool IsVlanAware { get; set; }

    /// <summary>Copies that left by the port in the present burst.</summary>
    internal int Copies { get; set; }

    /// <summary>What went wrong first.</summary>
    internal string? Fault { get; private set; }

    public string Name => name;

    public FrameOffloads Accepts => accepts;

    public PortCounters Counters { get; } = new();

    public bool IsUp { get; set; } = true;

    internal ILinkWatcher? Watcher { get; private set; }

    public void AttachLinkWatcher(ILinkWatcher? watcher) => Watcher = watcher;

    public int Receive(IFrameSink sink) => 0;

    public void AttachWaker(IWaker waker)
    {
    }

    public bool TryArm() => true;

    public void Dispose()
    {
    }

    /// <summary>Signs a frame.</summary>
    internal static void Sign(Span<byte> frame, int port, int vid, int untagged, bool isSigned)
    {
        Span<byte> witness = frame[^WitnessLength..];
        BinaryPrimitives.WriteUInt32BigEndian(witness, isSigned ? Magic : 0);
        BinaryPrimitives.WriteInt32BigEndian(witness[4..], port);
        BinaryPrimitives.WriteInt32BigEndian(witness[8..], vid);
        BinaryPrimitives.WriteInt32BigEndian(witness[12..], untagged);
    }

    public int Transmit(ReadOnlySpan<Frame> frames)
    {
        Span<byte> head = stackalloc byte[18];
        Span<byte> witness = stackalloc byte[WitnessLength];
        foreach (ref readonly Frame frame in frames)
        {
            if (frame.Length > Frame.MaxLength || !frame.Offload.IsCarriedBy(accepts) || !frame.Offload.IsConsistent(frame.Length))
                Fault ??= $"{name} was given {frame.Length} bytes with {frame.Offload.Flags} {frame.Offload.Gso} {frame.Offload.ChecksumStart}";
            int pieces = frame.Head.Length;
            foreach (FrameSegment piece in frame.Rest)
                pieces += piece.Length;
            if (pieces != frame.Length)
                Fault ??= $"{name} was given {pieces} bytes for {frame.Length}";
            if (IsMirrorTarget)
                continue;
            frame.CopyTo(0, head);
            // What the switch's own protocols send comes from nobody.
            if (!head[..12].ContainsAnyExcept((byte)0))
                continue;
            Copies++;
            if (frame.Length < head.Length + WitnessLength || frame.CopyTo(frame.Length - WitnessLength, witness) != WitnessLength
                || BinaryPrimitives.ReadUInt32BigEndian(witness) != Magic)
                continue;
            Check(head, frame.Length, BinaryPrimitives.ReadInt32BigEndian(witness[4..]), BinaryPrimitives.ReadInt32BigEndian(witness[8..]),
                BinaryPrimitives.ReadInt32BigEndian(witness[12..]));
        }

        return frames.Length;
    }

    private void Check(ReadOnlySpan<byte> head, int length, int source, int vid, int untagged)
    {
        WitnessPort from = All[source];
        if (from == this)
            Fault ??= $"{name} got its own frame back";
        if (IsShut || State != PortState.Forwarding)
            Fault ??= $"{name} is {State}, shut {IsShut}, and got a frame";
        if (from.Options.IsIsolated && Options.IsIsolated)
            Fault ??= $"isolated {name} got a frame of isolated {from.Name}";
        if (!IsVlanAware)
        {
            if (length != untagged)
                Fault ??= $"{name} got {length} bytes for {untagged} without VLANs";
            return;
        }

        PortVlan vlan = Options.Vlan ?? Default;
        if (!vlan.Allowed.Contains(vid))
            Fault ??= $"{name} got a frame of VLAN {vid}";
        bool tagged = length == untagged + 4;
        if (!tagged && length != untagged)
            Fault ??= $"{name} got {length} bytes for {untagged}";
        if (tagged && (vlan.Mode != VlanMode.Trunk || BinaryPrimitives.ReadUInt16BigEndian(head[12..]) != (int)vlan.TagType
            || (BinaryPrimitives.ReadUInt16BigEndian(head[14..]) & 0xFFF) != vid))
            Fault ??= $"{name} got a wrong tag for VLAN {vid}";
        if (!tagged && vlan.Mode == VlanMode.Trunk && vid != vlan.Vid)
            Fault ??= $"trunk {name} got VLAN {vid} untagged";
    }
}
