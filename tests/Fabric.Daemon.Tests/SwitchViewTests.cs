using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Link;
using Fabric.Link.Capture;
using Fabric.TestKit.Link;
using Fabric.TestKit.Wire;

namespace Fabric.Daemon.Tests;

/// <summary>Captures, addresses and statistics of a running topology, over its control socket.</summary>
public sealed class SwitchViewTests : IAsyncLifetime, IDisposable
{
    private static readonly byte[] Web = new PacketRecipe { Payload = [1, 2, 3] }.Build();
    private static readonly byte[] Dns = new PacketRecipe { Udp = true, Payload = new byte[20] }.Build();
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(30));
    private readonly Lab _lab = new();
    private readonly MemoryLink _alice = new("alice.0", "alice");
    private readonly MemoryLink _bob = new("bob.0", "bob");
    private RunningTopology _topology = null!;
    private ControlServer _server = null!;
    private ControlClient _client = null!;

    public async Task InitializeAsync()
    {
        _topology = _lab.Load("name: net\nswitches: { lan: {}, quiet: {} }\n");
        await _topology.StartAsync(_patience.Token);
        _topology.Switches["lan"].Attach(_alice.First);
        _topology.Switches["lan"].Attach(_bob.First);
        string socket = Path.Combine(_lab.Folder, "s");
        _server = await ControlServer.StartAsync(socket, _topology, () => { }, _ => { });
        _client = new ControlClient("net", socket);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _topology.Switches["lan"].Detach(_alice.First);
        _topology.Switches["lan"].Detach(_bob.First);
        await _topology.DisposeAsync();
    }

    public void Dispose()
    {
        _client.Dispose();
        _alice.Dispose();
        _bob.Dispose();
        _lab.Dispose();
        _patience.Dispose();
    }

    [Fact]
    public async Task ACaptureOfASwitchShowsEveryPortBothWays()
    {
        using CaptureStream capture = await _client.CaptureAsync(new CaptureRequest("lan"), _patience.Token);
        Send(Web);
        List<string> seen = await ReadAsync(capture, stopAfter: 2);
        Assert.Equal(["alice.0 Received 57", "bob.0 Transmitted 57"], seen);
    }

    [Fact]
    public async Task ACaptureOfAPortKeepsWhatTheFilterChoosesAndEndsByItself()
    {
        using CaptureStream capture = await _client.CaptureAsync(new CaptureRequest("alice.0") { Filter = "udp", Count = 2, SnapLength = 20 }, _patience.Token);
        for (int i = 0; i < 3; i++)
        {
            Send(Web);
            Send(Dns);
        }

        Assert.Equal(["alice.0 Received 62", "alice.0 Received 62"], await ReadAsync(capture, stopAfter: int.MaxValue));
    }

    /// <summary>A frame for the port it came from goes nowhere: the capture says why, and so do the counters.</summary>
    [Fact]
    public async Task DropsAreToldInCaptureAndStatistics()
    {
        using CaptureStream capture = await _client.CaptureAsync(new CaptureRequest("lan") { DropsOnly = true }, _patience.Token);
        Send(Web);
        byte[] toItself = [.. Web[6..12], .. Web[6..]];
        Send(toItself);
        Assert.Equal(["alice.0 Received 57 dropped: its destination is on the port it came from"], await ReadAsync(capture, stopAfter: 1));

        IReadOnlyList<SwitchStatistics> switches = await _client.StatisticsAsync(_patience.Token);
        SwitchStatistics lan = switches.Single(item => item.Switch == "lan");
        Assert.Equal((2, 1, 1), (lan.Received, lan.Flooded, lan.Addresses));
        Assert.Equal(1, lan.Drops["samePort"]);
        Assert.Equal(["alice.0", "bob.0"], lan.Ports.Select(port => port.Port));
        Assert.Equal((2, 114, 0), (lan.Ports[0].ReceivedFrames, lan.Ports[0].ReceivedBytes, lan.Ports[0].TransmittedFrames));
        Assert.Equal((1, "forwarding", true), (lan.Ports[1].TransmittedFrames, lan.Ports[1].State, lan.Ports[1].Up));
    }

    [Fact]
    public async Task AddressesAreListedWithTheirPort()
    {
        Send(Web);
        FdbStatus entry = Assert.Single(await _client.FdbAsync(null, _patience.Token));
        Assert.Equal(("lan", "02:00:00:00:00:01", "alice.0", false), (entry.Switch, entry.Mac, entry.Port, entry.Static));
        Assert.Empty(await _client.FdbAsync("quiet", _patience.Token));
    }

    [Fact]
    public async Task WrongRequestsAreToldWhatIsRight()
    {
        Assert.Equal("topology net has no port, switch or router 'alise.0'; did you mean alice.0?", await FailureAsync(new CaptureRequest("alise.0")));
        Assert.Equal("filter 'tcp port x', column 10: 'x' is no port; they go from 0 to 65535", await FailureAsync(new CaptureRequest("lan") { Filter = "tcp port x" }));
        Assert.Equal("snaplen is a number of 14 to 65557, not '5'", await FailureAsync(new CaptureRequest("lan") { SnapLength = 5 }));
        DaemonException unknown = await Assert.ThrowsAsync<DaemonException>(() => _client.FdbAsync("lann", _patience.Token));
        Assert.Equal((404, "topology net has no switch 'lann'; did you mean lan?"), (unknown.StatusCode, unknown.Message));
    }

    /// <summary>Who hangs up is not looked after any more: nothing stays behind in the switch.</summary>
    [Fact]
    public async Task HangingUpEndsTheCapture()
    {
        using (CaptureStream capture = await _client.CaptureAsync(new CaptureRequest("lan"), _patience.Token))
        {
            Send(Web);
            await ReadAsync(capture, stopAfter: 2, stop: false);
        }

        Send(Dns);
        using CaptureStream second = await _client.CaptureAsync(new CaptureRequest("lan"), _patience.Token);
        Send(Web);
        Assert.Equal(2, (await ReadAsync(second, stopAfter: 2)).Count);
    }

    private async Task<string> FailureAsync(CaptureRequest request) =>
        (await Assert.ThrowsAsync<DaemonException>(() => _client.CaptureAsync(request, _patience.Token))).Message;

    private void Send(byte[] frame)
    {
        _alice.Second.Send(frame);
        _alice.First.Receive(_topology.Switches["lan"]);
    }

    private async Task<List<string>> ReadAsync(CaptureStream capture, int stopAfter, bool stop = true)
    {
        PcapngReader reader = new(capture.Content);
        List<string> seen = [];
        while (await reader.ReadAsync(_patience.Token))
        {
            if (!reader.TryGetFrame(out CapturedFrame frame))
                continue;
            seen.Add($"{frame.Port} {frame.Direction} {frame.Length} {frame.Comment}".Trim());
            if (seen.Count != stopAfter)
                continue;
            if (!stop)
                break;
            await _client.StopCaptureAsync(capture, _patience.Token);
        }

        return seen;
    }
}
