using Fabric.Link.Host;
using Fabric.Link.Taps;
using Fabric.Link.Tests.Host;

namespace Fabric.Link.Tests.Taps;

/// <summary>Two TAPs in namespaces of their own, crossed by one worker.</summary>
internal sealed class TapPair : IDisposable
{
    public const string LeftV4 = "10.9.0.1";
    public const string RightV4 = "10.9.0.2";
    public const string LeftV6 = "fd09::1";
    public const string RightV6 = "fd09::2";

    public TapPair(Func<TapOptions, TapOptions>? left = null, Func<TapOptions, TapOptions>? right = null)
    {
        Left = Open(LeftSpace, "left", LeftV4, LeftV6, left);
        Right = Open(RightSpace, "right", RightV4, RightV6, right);
        Cross = new Crossover(Left, Right);
        Worker = new PortWorker("pair");
        Worker.Add(Left, Cross);
        Worker.Add(Right, Cross);
    }

    public TestNamespace LeftSpace { get; } = new();

    public TestNamespace RightSpace { get; } = new();

    public TapPort Left { get; }

    public TapPort Right { get; }

    public Crossover Cross { get; }

    public PortWorker Worker { get; }

    public void Dispose()
    {
        Worker.Dispose();
        Left.Dispose();
        Right.Dispose();
        LeftSpace.Dispose();
        RightSpace.Dispose();
    }

    private static TapPort Open(TestNamespace space, string name, string v4, string v6, Func<TapOptions, TapOptions>? change)
    {
        Assert.True(InterfaceAddress.TryParse(v4 + "/24", out InterfaceAddress address));
        TapOptions options = new(name) { Namespace = space.Name, Address = address };
        TapPort port = TapPort.Open(name, change is null ? options : change(options));
        space.Ip("addr", "add", v6 + "/64", "dev", name, "nodad");
        return port;
    }
}
