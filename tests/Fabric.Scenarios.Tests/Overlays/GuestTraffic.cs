using System.Text.Json;
using Fabric.Interop.Tests.Peers;

namespace Fabric.Scenarios.Tests.Overlays;

/// <summary>Traffic with guests. A shell is whatever runs a command and gives what it printed.</summary>
internal static class GuestTraffic
{
    private const int Bytes = 4 << 20;
    private const int FewestBytes = 64 << 10;
    private static readonly string s_makeFile = $"test -f /root/blob || head -c {Bytes} /dev/urandom > /root/blob; md5sum < /root/blob";

    /// <summary>Commands of a namespace, as a shell that has bash.</summary>
    internal static Func<string, Task<string>> In(TestNamespace space) => command => Task.Run(() => HostTool.ExpectOutput("ip", "netns", "exec", space.Name, "bash", "-c", command));

    /// <summary>Pings of several sizes, the longest being cut into fragments, come back.</summary>
    internal static async Task PingAsync(Func<string, Task<string>> from, string address)
    {
        // The first may wait for addresses to be found.
        string output = await from($"ping -c 1 -W 5 {address}; for s in 56 1422 8000 65000; do ping -c 2 -i 0.1 -W 5 -s $s {address} || exit 1; done");
        Assert.Equal(4, output.Split("2 packets transmitted, 2 ").Length - 1);
    }

    /// <summary>Has a guest answer to iperf3 from now on.</summary>
    internal static async Task ServeAsync(Func<string, Task<string>> guest) =>
        await guest("iperf3 -s -D; for i in $(busybox seq 100); do grep -q ':1451 .* 0A ' /proc/net/tcp /proc/net/tcp6 && exit 0; busybox usleep 50000; done; exit 1");

    /// <summary>TCP and UDP both ways, with a guest that serves.</summary>
    /// <returns>Bits a second of TCP there and back.</returns>
    internal static async Task<(double There, double Back)> IperfAsync(Func<string, Task<string>> client, string address)
    {
        double there = await TcpAsync(client, $"iperf3 -c {address} -J -n {Bytes} -b 200M");
        double back = await TcpAsync(client, $"iperf3 -c {address} -J -n {Bytes} -b 200M -R");
        await UdpAsync(client, $"iperf3 -c {address} -J -u -b 2M -t 1");
        await UdpAsync(client, $"iperf3 -c {address} -J -u -b 2M -t 1 -R");
        // Longer than a packet: the sender's IP cuts it.
        await UdpAsync(client, $"iperf3 -c {address} -J -u -b 2M -t 1 -l 20000");
        return (there, back);
    }

    /// <summary>A guest's file arrives unchanged at a client with bash, and the other way.</summary>
    internal static async Task CopyAsync(Func<string, Task<string>> guest, Func<string, Task<string>> client, string address)
    {
        string sum = await guest(s_makeFile);
        Task<string> served = guest("busybox nc -l -p 5001 < /root/blob");
        await AwaitListenerAsync(guest);
        Assert.Equal(sum.Split(' ')[0], (await client($"md5sum < /dev/tcp/{address}/5001")).Split(' ')[0]);
        await served;
        Task<string> received = ReceiveAsync(guest);
        await AwaitListenerAsync(guest);
        string sent = await client($"f=$(mktemp); head -c {Bytes} /dev/urandom > $f; md5sum < $f; cat $f > /dev/tcp/{address}/5001; rm $f");
        Assert.Equal(sent.Split(' ')[0], (await received).Split(' ')[0]);
    }

    /// <summary>A file of one guest arrives unchanged at another.</summary>
    internal static async Task CopyBetweenGuestsAsync(Func<string, Task<string>> from, Func<string, Task<string>> to, string address)
    {
        Task<string> received = ReceiveAsync(to);
        await AwaitListenerAsync(to);
        string sent = await from($"{s_makeFile}; busybox nc {address} 5001 < /root/blob");
        Assert.Equal(sent.Split(' ')[0], (await received).Split(' ')[0]);
    }

    // Its standard input stays open: nc takes its end for the end of everything.
    private static Task<string> ReceiveAsync(Func<string, Task<string>> guest) =>
        guest("rm -f /tmp/quiet; mkfifo /tmp/quiet; exec 9<> /tmp/quiet; busybox nc -l -p 5001 < /tmp/quiet | md5sum");

    private static Task<string> AwaitListenerAsync(Func<string, Task<string>> guest) =>
        guest("for i in $(busybox seq 300); do grep -q ':1389 .* 0A ' /proc/net/tcp /proc/net/tcp6 && exit 0; busybox usleep 100000; done; exit 1");

    // The server may still be busy with the one before.
    private static Task<string> RunAsync(Func<string, Task<string>> client, string command) =>
        client($"f=$(mktemp); for i in 1 2 3 4 5 6; do {command} > $f && break; sleep 1; done; cat $f; rm $f");

    private static async Task<double> TcpAsync(Func<string, Task<string>> client, string command)
    {
        string output = await RunAsync(client, command);
        using JsonDocument result = JsonDocument.Parse(output);
        JsonElement end = result.RootElement.GetProperty("end");
        JsonElement sum = end.GetProperty("sum_received");
        long sent = end.GetProperty("sum_sent").GetProperty("bytes").GetInt64();
        long received = sum.GetProperty("bytes").GetInt64();
        // The client ends when it has handed over the last byte, or has got it, and the other end tells how far it had counted by then.
        Assert.True(Math.Max(sent, received) >= Bytes && Math.Min(sent, received) >= FewestBytes, output);
        return sum.GetProperty("bits_per_second").GetDouble();
    }

    private static async Task UdpAsync(Func<string, Task<string>> client, string command)
    {
        string output = await RunAsync(client, command);
        using JsonDocument result = JsonDocument.Parse(output);
        JsonElement sum = result.RootElement.GetProperty("end").GetProperty("sum");
        long packets = sum.GetProperty("packets").GetInt64();
        // A machine with other work may lose some in a socket's buffer.
        Assert.True(packets > 2 && sum.GetProperty("lost_packets").GetInt64() < packets / 4, output);
    }
}
