using System.Buffers.Binary;
using System.Diagnostics;
using Fabric.Hosts.Messages;
using Fabric.Hosts.Tests.Kit;
using Fabric.Hosts.Traffic;
using static Fabric.Hosts.Tests.Kit.HostNetwork;

namespace Fabric.Hosts.Tests.Linux;

/// <summary>Everything that hosts say, read by Wireshark's dissectors.</summary>
public sealed class TsharkTests
{
    private static readonly string[] Checks = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"];

    [SkippableFact]
    public void NothingThatHostsSendIsMalformed()
    {
        Skip.IfNot(File.Exists("/usr/bin/tshark"), "tshark is not installed (apt-get install tshark)");
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, Pcap(Talk()));
            Assert.Equal("", Run(["-n", "-r", file, .. Checks, "-Y", "_ws.malformed || _ws.expert.severity == error || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 || icmp.checksum.status == 0 || icmpv6.checksum.status == 0"]));
            string protocols = Run(["-n", "-q", "-r", file, "-z", "io,phs"]);
            Assert.All(["arp", "icmp ", "icmpv6", "dhcp", "tcp", "echo"], protocol => Assert.Contains(protocol, protocols, StringComparison.Ordinal));
            Assert.NotEqual("", Run(["-n", "-r", file, "-Y", "icmpv6.type == 143 && icmpv6.mldr.mar.multicast_address == ff02::1:ff00:2"]));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static List<byte[]> Talk()
    {
        using HostNetwork net = new() { Record = true };
        net.AddDhcpServer();
        Host first = net.Add(1, "10.0.0.5/24", "2001:db8::1/64");
        net.Add(2, "10.0.0.2/24", "2001:db8::2/64").OpenSink();
        net.Await(net.Add(new HostOptions { Name = "c", Mac = MacOf(3), UseDhcp = true, Autoconfigure = true, DetectConflicts = true }).WaitForLeaseAsync());
        foreach (string to in new[] { "10.0.0.2", "2001:db8::2" })
        {
            net.Await(first.PingAsync(Address(to), new PingOptions { Count = 2, Size = 3000, Interval = TimeSpan.FromMilliseconds(5) }));
            net.Await(first.TransferAsync(Address(to), 30_000));
            net.Await(first.TransferAsync(Address(to), 10, port: 99));
            foreach (ushort port in (ushort[])[7, 9, 77])
                net.Await(first.GenerateAsync(new TrafficOptions { To = Address(to), Count = 3, PacketsPerSecond = 1000, FrameSize = 100, Port = port }));
        }

        net.Run(TimeSpan.FromSeconds(10));
        return net.Seen;
    }

    /// <summary>The classic capture file: a header of 24 bytes, then 16 bytes and the frame for each.</summary>
    private static byte[] Pcap(List<byte[]> frames)
    {
        using MemoryStream file = new();
        Span<byte> header = stackalloc byte[24];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0xA1B2C3D4);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 4);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], 65535);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1);
        file.Write(header);
        foreach (byte[] frame in frames)
        {
            header.Clear();
            BinaryPrimitives.WriteInt32LittleEndian(header[8..], frame.Length);
            BinaryPrimitives.WriteInt32LittleEndian(header[12..], frame.Length);
            file.Write(header[..16]);
            file.Write(frame);
        }

        return file.ToArray();
    }

    private static string Run(string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("tshark", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.GetAwaiter().GetResult());
        return output;
    }
}
