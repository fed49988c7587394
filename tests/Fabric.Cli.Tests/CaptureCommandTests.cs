using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Fabric.Link;
using Fabric.Link.Capture;
using Fabric.TestKit.Wire;

namespace Fabric.Cli.Tests;

/// <summary>Looking at switches through the program.</summary>
public sealed class CaptureCommandTests : IDisposable
{
    private static readonly byte[] Web = new PacketRecipe { Payload = [1, 2, 3], Sequence = 5 }.Build();
    private static readonly byte[] Dns = new PacketRecipe { Udp = true, V6 = true, Payload = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, (byte)'x', 0, 0, 1, 0, 1] }.Build();
    private readonly Sandbox _user = new();

    public void Dispose() => _user.Dispose();

    [Fact]
    public void AFileIsPrintedALineAFrame()
    {
        string file = WriteFile();
        Sandbox.Run all = _user.Fabric("capture", "-r", file);
        string[] lines = all.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((0, 2, "2 frames"), (all.Status, lines.Length, all.ErrorLine));
        Assert.EndsWith(":00:01.000000007 alice.0 in  IP 192.0.2.1.4660 > 192.0.2.2.80: Flags [.], seq 5:8, ack 9, win 256, length 3", lines[0]);
        Assert.EndsWith(" bob.0 out IP6 2001:db8::1.4660 > 2001:db8::2.53: DNS 4660+ A? x., length 19 (dropped: link down)", lines[1]);
        Assert.Contains("02:00:00:00:00:01 > 02:00:00:00:00:02, IP 192.0.2.1", _user.Fabric("capture", "-r", file, "-e", "-f", "tcp").Out);
        Assert.Equal(lines[1] + "\n", _user.Fabric("capture", "-r", file, "--drops").Out);
    }

    [Fact]
    public void JsonHasAnObjectPerFrame()
    {
        using JsonDocument line = JsonDocument.Parse(_user.Fabric("capture", "-r", WriteFile(), "--json", "-f", "udp").Out);
        Assert.Equal("1970-01-01T00:00:02.000000000Z", line.RootElement.GetProperty("time").GetString());
        Assert.Equal(("bob.0", "out", "dropped: link down"), (line.RootElement.GetProperty("port").GetString(), line.RootElement.GetProperty("direction").GetString(), line.RootElement.GetProperty("comment").GetString()));
    }

    [Fact]
    public async Task AFileIsFilteredIntoAnother()
    {
        string chosen = Path.Combine(_user.Home, "chosen.pcapng");
        Assert.Equal("1 frame", _user.Fabric("capture", "-r", WriteFile(), "-w", chosen, "-f", "tcp port 80").ErrorLine);
        PcapngReader reader = new(new MemoryStream(await File.ReadAllBytesAsync(chosen)));
        List<byte[]> frames = [];
        while (await reader.ReadAsync(CancellationToken.None))
        {
            if (reader.TryGetFrame(out CapturedFrame frame))
                frames.Add(frame.Bytes.ToArray());
        }

        Assert.Equal([Web], frames);
    }

    /// <summary>Ctrl-C ends a capture in order: status 0, a whole file, its ports in it.</summary>
    [Fact]
    public async Task CtrlCLeavesAWholeFile()
    {
        Assert.Equal(0, _user.Fabric("up", _user.WriteEmpty("lab")).Status);
        string file = Path.Combine(_user.Home, "out.pcapng");
        using Process capture = _user.Start("capture", "lan", "-w", file);
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        // The section header is there once the daemon has begun.
        while (!File.Exists(file) || new FileInfo(file).Length == 0)
            await Task.Delay(10, patience.Token);
        using (Process kill = Process.Start("kill", ["-INT", $"{capture.Id}"]))
            await kill.WaitForExitAsync();
        Assert.Equal("0 frames\n", await capture.StandardError.ReadToEndAsync(patience.Token));
        await capture.WaitForExitAsync(patience.Token);
        Assert.Equal(0, capture.ExitCode);
        PcapngReader reader = new(new MemoryStream(await File.ReadAllBytesAsync(file)));
        Assert.True(await reader.ReadAsync(CancellationToken.None));
        while (await reader.ReadAsync(CancellationToken.None))
        {
        }

        Assert.False(reader.IsCutOff);
    }

    [Fact]
    public async Task WhatARouterDropsIsShownWithTheReason()
    {
        Sandbox.Run up = _user.Fabric("up", _user.Write("lab.yaml", """
            name: lab
            routers: { r1: { interfaces: { a: { address: 10.1.0.1/24 } } } }
            hosts: { h: { to: r1.a, address: 10.1.0.9/24, gateway: r1 } }
            """));
        Assert.True(up.Status == 0, up.Error);
        using Process capture = _user.Start("capture", "r1.a", "--drops", "-f", "icmp", "-c", "1");
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        while (!capture.HasExited && !patience.IsCancellationRequested)
            Assert.Equal(1, _user.Fabric("ping", "h", "10.9.0.1", "-c", "1").Status);
        Assert.Matches(@"^\S+ h in  IP 10\.1\.0\.9 > 10\.9\.0\.1: ICMP echo request, .*\(dropped: no route\)\n$", await capture.StandardOutput.ReadToEndAsync(patience.Token));
    }

    [Fact]
    public void ASwitchWithoutPortsHasNothingToTell()
    {
        Assert.Equal(0, _user.Fabric("up", _user.WriteEmpty("lab")).Status);
        Assert.StartsWith("no address is known", _user.Fabric("fdb").Out);
        Assert.Equal("[]", _user.Fabric("fdb", "lan", "--json").Out.Trim());
        Assert.Equal("fabric: topology lab has no switch 'lam'; did you mean lan?", _user.Fabric("fdb", "lam").ErrorLine);
        Assert.StartsWith("DEVICE  PORT  STATE  IN", _user.Fabric("stats").Out);
        using JsonDocument stats = JsonDocument.Parse(_user.Fabric("stats", "--json").Out);
        Assert.Equal("lan", stats.RootElement[0].GetProperty("switch").GetString());
        Assert.Equal("fabric: topology lab has no port, switch or router 'wan'; did you mean lan?", _user.Fabric("capture", "wan").ErrorLine);
        Assert.Equal("fabric: filter 'tcp prt 80', column 5: expected and, or, or the end before 'prt'", _user.Fabric("capture", "lan", "-f", "tcp prt 80").ErrorLine);
    }

    [Fact]
    public void WhatIsNoCaptureIsRefused()
    {
        string text = _user.Write("notes.txt", "this is no capture, and long enough");
        Assert.Equal("fabric: this is no capture file that can be read: it does not begin as a pcapng file does", _user.Fabric("capture", "-r", text).ErrorLine);
        Assert.StartsWith("fabric: name a port or a switch", _user.Fabric("capture").ErrorLine);
    }

    private string WriteFile()
    {
        ArrayBufferWriter<byte> bytes = new();
        PcapngWriter writer = new(bytes);
        writer.WriteSection();
        writer.WriteInterface("alice.0", 65535, null);
        writer.WriteInterface("bob.0", 65535, null);
        writer.WriteFrame(0, 1_000_000_007, Web, Web.Length, FrameDirection.Received, 0, null);
        writer.WriteFrame(1, 2_000_000_000, Dns, Dns.Length, FrameDirection.Transmitted, 0, "dropped: link down");
        string path = Path.Combine(_user.Home, "in.pcapng");
        File.WriteAllBytes(path, bytes.WrittenSpan);
        return path;
    }
}
