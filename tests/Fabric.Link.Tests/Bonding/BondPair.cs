using System.Buffers.Binary;
using System.Globalization;
using Fabric.Link.Bonding;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Fabric.Wire;

namespace Fabric.Link.Tests.Bonding;

/// <summary>Two bonds face to face over cables in the process, in virtual time.</summary>
internal sealed class BondPair : IDisposable
{
    public BondPair(int links, Func<BondOptions, BondOptions>? left = null, Func<BondOptions, BondOptions>? right = null, FrameOffloads accepts = FrameOffloads.None)
    {
        Links = [.. Enumerable.Range(0, links).Select(i => new MemoryLink($"left{i}", $"right{i}", accepts, accepts))];
        Left = new BondPort("left", Clock, [.. Links.Select(link => new BondMember(link.First))], Change(Options(1), left));
        Right = new BondPort("right", Clock, [.. Links.Select(link => new BondMember(link.Second))], Change(Options(2), right));
    }

    public ManualTimeProvider Clock { get; } = new();

    public MemoryLink[] Links { get; }

    public BondPort Left { get; }

    public BondPort Right { get; }

    public RecordingSink LeftGot { get; } = new();

    public RecordingSink RightGot { get; } = new();

    public static BondOptions Options(int system) => new() { SystemAddress = MacAddress.Read(TestFrames.Station(system)), IsFast = true };

    /// <summary>A UDP datagram of a flow, with its place in it.</summary>
    public static byte[] Flow(int flow, int sequence)
    {
        byte[] frame = new byte[60];
        HeaderWriter.Ethernet(frame, MacAddress.Read(TestFrames.Station(100)), MacAddress.Read(TestFrames.Station(101)), EtherType.Ipv4);
        HeaderWriter.V4(frame.AsSpan(14), V4(1), V4(2), IpProtocol.Udp, 26);
        HeaderWriter.Udp(frame.AsSpan(34, 26), (ushort)(1000 + flow), 7);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(42), flow);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(46), sequence);
        return frame;
    }

    public static (int Flow, int Sequence) Read(RecordedFrame frame) =>
        (BinaryPrimitives.ReadInt32BigEndian(frame.Bytes.AsSpan(42)), BinaryPrimitives.ReadInt32BigEndian(frame.Bytes.AsSpan(46)));

    /// <summary>Which members of a bond distribute: <c>0,2</c>.</summary>
    public static string Used(BondPort bond) =>
        string.Join(',', bond.ReadStatus().Members.Select((member, i) => member.IsDistributing ? i : -1).Where(i => i >= 0).Select(i => i.ToString(CultureInfo.InvariantCulture)));

    public static LacpStatus Lacp(BondPort bond, int member) => bond.ReadStatus().Members[member].Lacp!;

    /// <summary>Lets time pass, and whatever is sent arrive.</summary>
    public void Run(double seconds)
    {
        for (int i = (int)(seconds * 10); i > 0; i--)
        {
            Clock.Advance(TimeSpan.FromMilliseconds(100));
            Pump();
        }
    }

    public void Pump()
    {
        while ((Left.Receive(LeftGot) | Right.Receive(RightGot)) != 0)
        {
        }
    }

    public void Dispose()
    {
        Left.Dispose();
        Right.Dispose();
    }

    private static IpAddress V4(int host)
    {
        Assert.True(IpAddress.TryParse($"10.0.0.{host}", out IpAddress address));
        return address;
    }

    private static BondOptions Change(BondOptions options, Func<BondOptions, BondOptions>? change) => change is null ? options : change(options);
}
