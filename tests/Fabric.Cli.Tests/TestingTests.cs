using System.Net;
using System.Xml.Linq;
using Fabric.Cli.Testing;
using Fabric.Daemon.Control;
using Fabric.Topology;

namespace Fabric.Cli.Tests;

public class TestingTests
{
    private static readonly ExecStep Exec = new("cat note", 7, "alice", "cat note", "hello", 0, TimeSpan.FromSeconds(30));

    [Theory]
    [InlineData("PING 10.0.0.2 (10.0.0.2): 56 data bytes\n--- 10.0.0.2 ping statistics ---\n3 packets transmitted, 3 packets received, 0% packet loss\n", 3)]
    [InlineData("3 packets transmitted, 3 received, 0% packet loss, time 2003ms\n", 3)]
    [InlineData("3 packets transmitted, 2 packets received, 33% packet loss\n", 2)]
    [InlineData("ping: sendto: Network is unreachable\n", -1)]
    public void EchoesThatCameBackAreCounted(string output, int echoes) => Assert.Equal(echoes, StepRunner.CountEchoes(output));

    [Theory]
    [InlineData(0, "hello world\n", "", null)]
    [InlineData(1, "", "cat: note: No such file\n", "exit status 1, expected 0, got: cat: note: No such file")]
    [InlineData(0, "bye\n", "", "expected 'hello' in the output, got: bye")]
    [InlineData(0, "", "", "expected 'hello' in the output, which was empty")]
    public void ACommandIsJudgedByStatusAndOutput(int status, string stdout, string stderr, string? failure) =>
        Assert.Equal(failure, StepRunner.JudgeExec(Exec, status, stdout, stderr));

    [Theory]
    [InlineData("10.2.0.0/24", null, null, null, false, null)]
    [InlineData("10.2.0.0/24", "10.0.13.2", "r1.r3", "rip", false, null)]
    [InlineData("10.2.0.0/24", "10.0.13.2", "r1.r2", null, false, "the route is: 10.2.0.0/24 rip 10.0.12.2 r1.r2, 10.0.13.2 r1.r3")]
    [InlineData("10.2.0.0/24", null, null, "static", false, "the route is: 10.2.0.0/24 rip 10.0.12.2 r1.r2, 10.0.13.2 r1.r3")]
    [InlineData("10.2.0.0/24", null, null, null, true, "the route is: 10.2.0.0/24 rip 10.0.12.2 r1.r2, 10.0.13.2 r1.r3")]
    [InlineData("10.2.0.0/16", null, null, null, false, "there is no such route")]
    [InlineData("10.2.0.0/16", null, null, null, true, null)]
    [InlineData("10.2.0.5/32", null, null, "rip", false, null)]
    [InlineData("192.0.2.1/32", null, "r1.r2", "static", false, "the route is: 0.0.0.0/0 static unreachable")]
    public void ARouteIsJudgedByItsWays(string to, string? via, string? outOf, string? source, bool isMissing, string? failure)
    {
        RouteStatus[] routes =
        [
            new("r1", "0.0.0.0/0", "static", "unreachable", 1, 0, 0, true, 5, []),
            new("r1", "10.2.0.0/24", "rip", "unicast", 120, 2, 0, true, 5, [new NextHopStatus("r1.r2", "10.0.12.2"), new NextHopStatus("r1.r3", "10.0.13.2")]),
            new("r1", "10.2.0.0/24", "static", "unicast", 200, 0, 0, false, null, [new NextHopStatus("r1.r9", "10.0.19.2")]),
        ];
        RouteStep step = new("t", 1, "r1", IPNetwork.Parse(to)) { IsPrefix = !to.EndsWith("/32", StringComparison.Ordinal), IsMissing = isMissing, Via = via is null ? null : IPAddress.Parse(via), Out = outOf, Source = source };
        Assert.Equal(failure, StepRunner.JudgeRoute(step, routes));
    }

    [Fact]
    public void JunitHoldsOneCasePerStepAndTakesWhateverGuestsPrint()
    {
        StringWriter text = new();
        JunitReport.Write(text, "lab", "lab.yaml",
        [
            new StepResult(new PingStep("ping alice -> bob", 3, "alice", IPAddress.Parse("10.0.0.2"), 3), null, "3 packets <ok> \u001b[0m\0", TimeSpan.FromSeconds(2.5)),
            new StepResult(Exec, "exit status 1, expected 0", "", TimeSpan.FromSeconds(0.25)),
        ]);
        XElement suite = XDocument.Parse(text.ToString()).Root!.Element("testsuite")!;
        Assert.Equal(("lab", "2", "1", "2.750"), ((string?)suite.Attribute("name"), (string?)suite.Attribute("tests"), (string?)suite.Attribute("failures"), (string?)suite.Attribute("time")));
        XElement[] cases = [.. suite.Elements("testcase")];
        Assert.Equal("ping alice -> bob", (string?)cases[0].Attribute("name"));
        Assert.Equal("3 packets <ok> \ufffd[0m\ufffd", (string?)cases[0].Element("system-out"));
        Assert.Null(cases[0].Element("failure"));
        Assert.Equal("exit status 1, expected 0", (string?)cases[1].Element("failure")!.Attribute("message"));
        Assert.Equal("7", (string?)cases[1].Attribute("line"));
    }
}
