using Fabric.Interop.Tests.Peers;
using Fabric.Wire;

namespace Fabric.Interop.Tests.SpanningTree;

/// <summary>BPDUs as Wireshark reads them.</summary>
public class BpduTests
{
    private static readonly BpduContent Content = new(
        BpduFlags.TopologyChange | BpduFlags.Proposal | BpduFlags.Designated | BpduFlags.Learning,
        0x1000_0200_0000_0001,
        20_000,
        0x8000_0200_0000_0002,
        0x8003,
        256,
        20 * 256,
        2 * 256,
        15 * 256);

    [SkippableFact]
    public void A_rapid_one_reads_as_it_was_meant()
    {
        byte[] frame = new byte[BpduWriter.FrameLength];
        BpduWriter.WriteRapid(frame, MacAddress.FromBits(0x0200_0000_0002), Content);
        string[] read = Tshark.Read(
            frame, "eth.dst", "stp.version", "stp.type", "stp.flags", "stp.root.prio", "stp.root.hw", "stp.root.cost", "stp.bridge.prio", "stp.bridge.hw", "stp.port",
            "stp.msg_age", "stp.max_age", "stp.hello", "stp.forward", "stp.version_1_length");
        Assert.Equal(
            ["01:80:c2:00:00:00", "2", "0x02", "0x1f", "4096", "02:00:00:00:00:01", "20000", "32768", "02:00:00:00:00:02", "0x8003", "1", "20", "2", "15", "0", ""],
            read);
    }

    [SkippableFact]
    public void The_old_ones_read_as_they_were_meant()
    {
        byte[] frame = new byte[BpduWriter.FrameLength];
        BpduWriter.WriteConfiguration(frame, default, Content);
        Assert.Equal(["0", "0x00", "0x01", "20000", "0x8003", ""], Tshark.Read(frame, "stp.version", "stp.type", "stp.flags", "stp.root.cost", "stp.port"));
        BpduWriter.WriteTopologyChange(frame, default);
        Assert.Equal(["0", "0x80", "7", ""], Tshark.Read(frame, "stp.version", "stp.type", "eth.len"));
    }
}
