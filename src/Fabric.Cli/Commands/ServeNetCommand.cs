using System.CommandLine;
using Fabric.Cli.Serving;
using Fabric.Daemon.Composition;
using Fabric.Link;
using Fabric.Link.Packet;
using Fabric.Link.Taps;
using Fabric.Switch.SpanningTree;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric serve net</c>: a switch whose ports the command line names.</summary>
internal static class ServeNetCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string[]> taps = new("--tap") { Description = "Port that is a TAP interface: a persistent one, or one made here and gone at the end", HelpName = TapArgument.Form };
        Option<string[]> interfaces = new("--interface") { Description = "Port that is an interface of the host, through a packet socket", HelpName = InterfaceArgument.Form };
        Option<string[]> streams = new("--stream") { Description = "Port that is a process at a stream socket, such as a guest of QEMU (-netdev stream)", HelpName = StreamArgument.Form };
        Option<string[]> datagrams = new("--dgram") { Description = "Port that is a process at a datagram socket, such as a guest of QEMU (-netdev dgram)", HelpName = DatagramArgument.Form };
        Option<string[]> bonds = new("--bond") { Description = "Port that is a bond of ports that other options make, with LACP or without", HelpName = BondArgument.Form };
        Option<string> name = new("--name") { Description = "Name of the switch", HelpName = "NAME", DefaultValueFactory = _ => "switch" };
        Option<bool> tree = new("--rstp") { Description = "Speak RSTP, and STP where a neighbour knows nothing else, so that cables may form rings" };
        Option<int> priority = new("--priority") { Description = "With --rstp: priority as root, a multiple of 4096; the lower the likelier", HelpName = "N", DefaultValueFactory = _ => 32768 };
        Option<bool> statistics = new("--stats") { Description = "Print counters at the end" };
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("net", $"A learning switch between TAPs and other ports, until Ctrl-C. Every port takes settings of its own: {PortSettings.Form}")
        {
            taps, interfaces, streams, datagrams, bonds, tree, priority, name, statistics, json,
        };
        command.Validators.Add(result =>
        {
            if (new[] { taps, interfaces, streams, datagrams }.All(option => result.GetValue(option) is null or []))
                result.AddError("a switch needs ports: give at least one --tap NAME, --interface NAME, --stream PATH or --dgram PATH,peer=PATH");
            if (result.GetValue(priority) is var wanted && (wanted is < 0 or > 61440 || wanted % 4096 != 0))
                result.AddError("--priority takes a multiple of 4096 from 0 to 61440");
        });
        command.SetAction(async (parsed, cancel) =>
        {
            SwitchReport report = new(terminal, parsed.GetValue(json));
            (TapOptions Options, PortSettings Port)[] wantedTaps = [.. Values(parsed, taps).Select(TapArgument.Parse)];
            (PacketSocketOptions Options, PortSettings Port)[] wantedInterfaces = [.. Values(parsed, interfaces).Select(InterfaceArgument.Parse)];
            StreamArgument[] wantedStreams = [.. Values(parsed, streams).Select(StreamArgument.Parse)];
            DatagramArgument[] wantedDatagrams = [.. Values(parsed, datagrams).Select(DatagramArgument.Parse)];
            BondArgument[] wantedBonds = [.. Values(parsed, bonds).Select(BondArgument.Parse)];
            Check(
                [.. wantedTaps.Select(one => one.Options.Interface), .. wantedInterfaces.Select(one => one.Options.Interface), .. wantedStreams.Select(one => one.Name), .. wantedDatagrams.Select(one => one.Name)],
                wantedBonds);
            using StandaloneSwitch served = new(parsed.GetRequiredValue(name), TimeProvider.System);
            if (parsed.GetValue(tree))
                served.UseSpanningTree(StationAddress.Random(), new SpanningTreeOptions { Priority = parsed.GetValue(priority) });
            foreach ((TapOptions options, PortSettings port) in wantedTaps)
                Add(served, wantedBonds, report.Made(TapPort.Open(options.Interface, options)), port);
            foreach ((PacketSocketOptions options, PortSettings port) in wantedInterfaces)
                Add(served, wantedBonds, report.Made(PacketSocketPort.Open(options.Interface, options)), port);
            foreach (StreamArgument one in wantedStreams)
                Add(served, wantedBonds, report.Made(one.Open(), "stream", one.EndPoint), one.Port);
            foreach (DatagramArgument one in wantedDatagrams)
                Add(served, wantedBonds, report.Made(one.Open(), "dgram", one.Local), one.Port);
            foreach (BondArgument one in wantedBonds)
                Add(served, [], one.Open(), one.Port);
            report.Ready(parsed.GetRequiredValue(name), served);
            using PeriodicTimer second = new(TimeSpan.FromSeconds(1));
            Task ended = cancel.WhenCancelled();
            while (await Task.WhenAny(ended, second.WaitForNextTickAsync(CancellationToken.None).AsTask()) != ended)
            {
                report.Faults(served);
                report.Bonds(served);
                report.Tree(served);
            }

            if (parsed.GetValue(statistics))
                report.Statistics(served);
        });
        return command.WithExamples(
            "fabric serve net --tap ta,address=10.9.0.1/24 --tap tb,netns=blue,address=10.9.0.2/24",
            "fabric serve net --tap ta,queues=2,mtu=9000 --tap tb,netns=4711 --stats    # a namespace by the id of a process in it",
            "fabric serve net --tap lab --interface eth1    # brings the lab onto the wire",
            "fabric serve net --interface eth1 --interface eth2 --bond up,members=eth1+eth2 --tap lab    # LACP with the switch outside",
            "fabric serve net --stream q1.sock --stream q2.sock    # qemu-system-x86_64 … -netdev stream,id=n,server=off,addr.type=unix,addr.path=q1.sock",
            "fabric serve net --tap a,vlan=10 --tap b,vlan=20,police=100Mbit --tap up,trunk=10+20 --rstp",
            "ip tuntap add dev mine mode tap user $USER    # as root; then, as that user: fabric serve net --tap mine,up=off");
    }

    private static string[] Values(ParseResult parsed, Option<string[]> option) => parsed.GetValue(option) ?? [];

    private static void Check(string[] names, BondArgument[] bonds)
    {
        if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1)?.Key is { } twice)
            throw new CliException($"two ports are called '{twice}'; give one of them a name of its own, with name= where it is a socket");
        foreach (BondArgument one in bonds)
            one.Check(names);
    }

    // A member of a bond is no port of the switch; where the bond is not made, the process ends, and its interfaces with it.
    private static void Add(StandaloneSwitch served, BondArgument[] bonds, IPort port, PortSettings settings)
    {
        if (!Array.Exists(bonds, bond => bond.TryTake(port, settings)))
            served.Add(port, settings.Options, settings.Shape, settings.IsEdge);
    }
}
