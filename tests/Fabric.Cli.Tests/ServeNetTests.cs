using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fabric.Link.Streams;
using Fabric.TestKit.Link;

namespace Fabric.Cli.Tests;

public sealed class ServeNetTests : IDisposable
{
    private readonly Sandbox _user = new();

    public void Dispose() => _user.Dispose();

    [SkippableTheory]
    [InlineData("-INT")]
    [InlineData("-TERM")]
    public async Task ASwitchServesItsPortsUntilASignalAndLeavesNothing(string signal)
    {
        Skip.IfNot(Environment.IsPrivilegedProcess && File.Exists("/dev/net/tun"), "needs root, to make interfaces");
        // By the process's id: other runs may go on beside this one.
        string left = $"fl{Environment.ProcessId}";
        string right = $"fr{Environment.ProcessId}";
        using Process process = _user.Start("serve", "net", "--tap", $"{left},address=10.219.7.1/30", "--tap", $"{right},queues=2,offloads=off", "--stats", "--json", "--name", "lab");
        List<JsonElement> ports = [];
        for (JsonElement line = await ReadAsync(process); line.GetProperty("event").GetString() == "port"; line = await ReadAsync(process))
            ports.Add(line);
        Assert.Equal(["tap", "tap"], ports.Select(port => port.GetProperty("kind").GetString()));
        Assert.Equal(0, ports[1].GetProperty("offloads").GetArrayLength());
        Assert.True(Directory.Exists($"/sys/class/net/{left}"));
        using (Process kill = Process.Start("kill", [signal, $"{process.Id}"]))
            await kill.WaitForExitAsync();
        JsonElement statistics = await ReadAsync(process);
        Assert.Equal([left, right], statistics.GetProperty("ports").EnumerateArray().Select(port => port.GetProperty("name").GetString()));
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        Assert.False(Directory.Exists($"/sys/class/net/{left}") || Directory.Exists($"/sys/class/net/{right}"));
    }

    [SkippableFact]
    public async Task BondsOfTwoSwitchesFindEachOther()
    {
        Skip.IfNot(Environment.IsPrivilegedProcess && File.Exists("/dev/net/tun"), "needs root, to make interfaces");
        // What one switch sends out of its TAPs the other takes from them as interfaces.
        string one = $"bo{Environment.ProcessId}";
        string two = $"bp{Environment.ProcessId}";
        using Process near = _user.Start("serve", "net", "--tap", one, "--tap", two, "--bond", $"up,members={one}+{two},fast=on,system=02:00:00:00:00:05", "--json");
        await ReadUntilAsync(near, "\"ready\"");
        using Process far = _user.Start("serve", "net", "--interface", one, "--interface", two, "--bond", $"down,members={one}+{two},active=off", "--json");
        JsonElement ready = await ReadUntilAsync(far, "\"ready\"");
        Assert.Equal(["down"], ready.GetProperty("ports").EnumerateArray().Select(port => port.GetString()));
        JsonElement bond = await ReadUntilAsync(far, "\"used\".*\"used\"");
        Assert.True(bond.GetProperty("isUp").GetBoolean());
        Assert.Equal([one, two], bond.GetProperty("members").EnumerateArray().Select(member => member.GetProperty("name").GetString()));
        Assert.All(bond.GetProperty("members").EnumerateArray(), member => Assert.Equal("02:00:00:00:00:05", member.GetProperty("partner").GetString()));
        await ReadUntilAsync(near, "\"used\".*\"used\"");
        await EndAsync(far);
        await EndAsync(near);
    }

    [Fact]
    public async Task TwoSwitchesWithTwoCablesMakeATree()
    {
        string[] names = [Path.Combine(_user.Home, "one.sock"), Path.Combine(_user.Home, "two.sock")];
        using Process near = _user.Start("serve", "net", "--stream", names[0], "--stream", $"{names[1]},shape=1Gbit", "--rstp", "--priority", "4096", "--json");
        await ReadUntilAsync(near, "\"ready\"");
        using Process far = _user.Start("serve", "net", "--stream", $"{names[0]},connect=on", "--stream", $"{names[1]},name=spare,connect=on", "--rstp", "--json");
        JsonElement tree = await ReadUntilAsync(far, "\"root\",\"state\":\"forwarding\".*\"alternate\",\"state\":\"discarding\"");
        Assert.StartsWith("1000.", tree.GetProperty("root").GetString(), StringComparison.Ordinal);
        Assert.Equal(["one.sock", "spare"], tree.GetProperty("ports").EnumerateArray().Select(port => port.GetProperty("name").GetString()));
        await ReadUntilAsync(near, "designated\",\"state\":\"forwarding\".*designated\",\"state\":\"forwarding\"");
        await EndAsync(near);
        await ReadUntilAsync(far, "\"root\":\"8000");
        await EndAsync(far);
    }

    [Fact]
    public async Task VlansKeepStationsAtSocketsApart()
    {
        string[] paths = [.. ((string[])["a", "b", "c"]).Select(name => Path.Combine(_user.Home, name))];
        using Process process = _user.Start("serve", "net", "--stream", $"{paths[0]},vlan=10", "--dgram", $"{paths[1]},peer={paths[1]}-peer,vlan=20", "--stream", $"{paths[2]},trunk=10+20", "--json");
        await ReadUntilAsync(process, "\"ready\"");
        using StreamPort a = StreamPort.Connect("a", new UnixDomainSocketEndPoint(paths[0]), TimeProvider.System);
        using DatagramPort b = DatagramPort.Open("b", new UnixDomainSocketEndPoint(paths[1] + "-peer"), new UnixDomainSocketEndPoint(paths[1]));
        using StreamPort c = StreamPort.Connect("c", new UnixDomainSocketEndPoint(paths[2]), TimeProvider.System);
        List<string> seen = [];
        bool came = SpinWait.SpinUntil(
            () =>
            {
                a.Send(TestFrames.Ethernet(TestFrames.Broadcast, TestFrames.Station(1)));
                b.Send(TestFrames.Ethernet(TestFrames.Broadcast, TestFrames.Station(2)));
                seen.AddRange(c.ReceiveAll().Select(frame => $"{frame.Bytes[11]} {Convert.ToHexString(frame.Bytes, 12, 4)}"));
                return seen.Distinct().Count() >= 2;
            },
            TimeSpan.FromSeconds(30));
        Assert.True(came);
        Assert.Equal(["1 8100000A", "2 81000014"], seen.Distinct().Order());
        Assert.Empty(a.ReceiveAll());
        Assert.Empty(b.ReceiveAll());
        await EndAsync(process);
    }

    [Theory]
    [InlineData("a bond needs members", "--tap", "a", "--bond", "b")]
    [InlineData("no other option makes a port 'x' to be a member", "--tap", "a", "--bond", "b,members=x")]
    [InlineData("did you mean members", "--tap", "a", "--bond", "b,member=a")]
    [InlineData("mode is lacp, static or backup", "--tap", "a", "--bond", "b,members=a,mode=best")]
    [InlineData("give at least one --tap", "--stats")]
    [InlineData("what passes is said of the bond, not of its member 'q'", "--stream", "/tmp/no/q,connect=on,vlan=5", "--bond", "b,members=q")]
    [InlineData("two ports are called 'q'", "--stream", "x/q", "--stream", "y/q")]
    [InlineData("--priority takes a multiple of 4096", "--tap", "a", "--rstp", "--priority", "5")]
    [InlineData("did you mean queues", "--tap", "a,queue=2")]
    [InlineData("queues takes a number from 1 to 256", "--tap", "a,queues=0")]
    [InlineData("write ADDRESS/LENGTH", "--tap", "a,address=10.0.0.1")]
    [InlineData("no station's MAC", "--tap", "a,mac=ff:ff:ff:ff:ff:ff")]
    [InlineData("'a/b' is no name for an interface", "--tap", "a/b")]
    [InlineData("no network namespace 'no-such'", "--tap", "a,netns=no-such")]
    [InlineData("no interface 'no-such-one'", "--interface", "no-such-one")]
    public void WhatCannotBeServedIsExplainedInALine(string expected, params string[] options) =>
        Assert.Contains(expected, _user.Fabric(["serve", "net", .. options]).ErrorLine, StringComparison.Ordinal);

    private static async Task EndAsync(Process process)
    {
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            await kill.WaitForExitAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    private static async Task<JsonElement> ReadUntilAsync(Process process, string pattern)
    {
        JsonElement line = await ReadAsync(process);
        while (!Regex.IsMatch(line.GetRawText(), pattern))
            line = await ReadAsync(process);
        return line;
    }

    private static async Task<JsonElement> ReadAsync(Process process)
    {
        string? line = await process.StandardOutput.ReadLineAsync();
        if (line is null)
            Assert.Fail(await process.StandardError.ReadToEndAsync());
        return JsonDocument.Parse(line).RootElement;
    }
}
