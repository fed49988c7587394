using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Fabric.Interop.Tests.Peers;
using Fabric.Link.Host;

namespace Fabric.Scenarios.Tests.Overlays;

/// <summary>An overlay whose tunnels start at routers and go by a cable between sites, which is a tunnel itself: each packet has two outer
/// headers on the wire, and the super-frames of the hosts' TCP are cut and joined by the first tunnel, and their packets once more by the
/// second.</summary>
public sealed class TunnelInTunnelTests
{
    private const int Length = 4 << 20;
    private const int Port = 5001;

    [SkippableFact]
    public async Task A_stream_passes_both_tunnels_whole_in_either_direction()
    {
        HostTool.Need("ip", "iproute2");
        using TestNamespace near = new();
        using TestNamespace far = new();
        HostTool.Expect("ip", "link", "add", "under", "netns", near.Name, "type", "veth", "peer", "name", "under", "netns", far.Name);
        Begin(near, "10.7.0.1/24");
        Begin(far, "10.7.0.2/24");
        await using Lab nearLab = new(near.Name);
        await using Lab farLab = new(far.Name);
        const string Text = """
            name: deep
            sites:
              west: { address: 10.7.0.1, switches: [a], routers: [ra], underlay: ra }
              east: { address: 10.7.0.2, switches: [b], routers: [rb], underlay: rb }
            switches: { a: , b: }
            overlays: { blue: { vni: 9, members: [a, b] } }
            routers:
              ra: { loopback: 10.255.0.1, interfaces: { up: { address: 10.0.1.1/30 } }, routes: [{ to: 10.255.0.2/32, via: 10.0.1.2 }] }
              rb: { loopback: 10.255.0.2, interfaces: { up: { address: 10.0.1.2/30 } }, routes: [{ to: 10.255.0.1/32, via: 10.0.1.1 }] }
            links: [{ a: ra.up, b: rb.up }]
            taps:
              here: { to: a, interface: tap0, address: 10.9.0.1/24 }
              there: { to: b, interface: tap0, address: 10.9.0.2/24 }
            """;
        await Task.WhenAll(nearLab.SucceedAsync("up", nearLab.Write("deep.yaml", Text), "--site", "west"), farLab.SucceedAsync("up", farLab.Write("deep.yaml", Text), "--site", "east"));
        HostTool.Await("the first answer", 20, () => HostTool.Run("ip", "netns", "exec", near.Name, "ping", "-c", "1", "-W", "1", "10.9.0.2") is (0, _) ? null : "does not come");

        await TransferAsync(near, far, "10.9.0.2");
        await TransferAsync(far, near, "10.9.0.1");

        // Neither side saw the stream packet by packet.
        foreach ((Lab lab, string topology) in ((Lab, string)[])[(nearLab, "deep-west"), (farLab, "deep-east")])
        {
            using JsonDocument reports = JsonDocument.Parse(await lab.SucceedAsync("overlay", "--json", "-t", topology));
            JsonElement blue = reports.RootElement[0];
            Assert.True(blue.GetProperty("mtu").GetInt32() == 1400 && blue.GetProperty("events").GetProperty("joined").GetInt64() > Length / 1400 / 2, $"{blue}");
        }
    }

    private static void Begin(TestNamespace space, string address)
    {
        space.Ip("addr", "add", address, "dev", "under");
        space.Ip("link", "set", "under", "up");
    }

    private static async Task TransferAsync(TestNamespace from, TestNamespace to, string address)
    {
        byte[] sent = new byte[Length];
        new Random(Port).NextBytes(sent);
        using Socket listener = Open(to);
        listener.Bind(new IPEndPoint(IPAddress.Parse(address), Port));
        listener.Listen();
        using Socket sender = Open(from);
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        Task<Socket> accepted = listener.AcceptAsync(patience.Token).AsTask();
        await sender.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), Port), patience.Token);
        using Socket receiver = await accepted;
        byte[] received = new byte[Length];
        await using NetworkStream output = new(sender);
        await using NetworkStream input = new(receiver);
        await Task.WhenAll(output.WriteAsync(sent, patience.Token).AsTask(), input.ReadExactlyAsync(received, patience.Token).AsTask());
        Assert.True(sent.AsSpan().SequenceEqual(received));
    }

    private static Socket Open(TestNamespace space) => NetworkNamespace.Run(space.Name, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
}
