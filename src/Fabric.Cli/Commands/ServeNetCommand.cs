using System.CommandLine;
using Fabric.Cli.Serving;
using Fabric.Daemon.Composition;
using Fabric.Link;
using Fabric.Link.Packet;
using Fabric.Link.Taps;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric serve net</c>: a switch whose ports the command line names.</summary>
internal static class ServeNetCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string[]> taps = new("--tap") { Description = "Port that is a TAP interface: a persistent one, or one made here and gone at the end", HelpName = TapArgument.Form };
        Option<string[]> interfaces = new("--interface") { Description = "Port that is an interface of the host, through a packet socket", HelpName = InterfaceArgument.Form };
        Option<string[]> bonds = new("--bond") { Description = "Port that is a bond of ports that other options make, with LACP or without", HelpName = BondArgument.Form };
        Option<string> name = new("--name") { Description = "Name of the switch", HelpName = "NAME", DefaultValueFactory = _ => "switch" };
        Option<bool> statistics = new("--stats") { Description = "Print counters at the end" };
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("net", "A learning switch between TAPs and other ports, until Ctrl-C") { taps, interfaces, bonds, name, statistics, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(taps) is null or [] && result.GetValue(interfaces) is null or [])
                result.AddError("a switch needs ports: give at least one --tap NAME or --interface NAME");
        });
        command.SetAction(async (parsed, cancel) =>
        {
            SwitchReport report = new(terminal, parsed.GetValue(json));
            TapOptions[] wantedTaps = [.. (parsed.GetValue(taps) ?? []).Select(TapArgument.Parse)];
            PacketSocketOptions[] wantedInterfaces = [.. (parsed.GetValue(interfaces) ?? []).Select(InterfaceArgument.Parse)];
            BondArgument[] wantedBonds = [.. (parsed.GetValue(bonds) ?? []).Select(BondArgument.Parse)];
            foreach (BondArgument one in wantedBonds)
                one.Check([.. wantedTaps.Select(tap => tap.Interface), .. wantedInterfaces.Select(taken => taken.Interface)]);
            using StandaloneSwitch served = new(parsed.GetRequiredValue(name), TimeProvider.System);
            foreach (TapOptions one in wantedTaps)
                Add(served, wantedBonds, report.Made(TapPort.Open(one.Interface, one)));
            foreach (PacketSocketOptions one in wantedInterfaces)
                Add(served, wantedBonds, report.Made(PacketSocketPort.Open(one.Interface, one)));
            foreach (BondArgument one in wantedBonds)
                served.Add(one.Open());
            report.Ready(parsed.GetRequiredValue(name), served);
            using PeriodicTimer second = new(TimeSpan.FromSeconds(1));
            Task ended = cancel.WhenCancelled();
            while (await Task.WhenAny(ended, second.WaitForNextTickAsync(CancellationToken.None).AsTask()) != ended)
            {
                report.Faults(served);
                report.Bonds(served);
            }

            if (parsed.GetValue(statistics))
                report.Statistics(served);
        });
        return command.WithExamples(
            "fabric serve net --tap ta,address=10.9.0.1/24 --tap tb,netns=blue,address=10.9.0.2/24",
            "fabric serve net --tap ta,queues=2,mtu=9000 --tap tb,netns=4711 --stats    # a namespace by the id of a process in it",
            "fabric serve net --tap lab --interface eth1    # brings the lab onto the wire",
            "fabric serve net --interface eth1 --interface eth2 --bond up,members=eth1+eth2 --tap lab    # LACP with the switch outside",
            "ip tuntap add dev mine mode tap user $USER    # as root; then, as that user: fabric serve net --tap mine,up=off");
    }

    // A member of a bond is no port of the switch; where the bond is not made, the process ends, and its interfaces with it.
    private static void Add(StandaloneSwitch served, BondArgument[] bonds, IPort port)
    {
        if (!Array.Exists(bonds, bond => bond.TryTake(port)))
            served.Add(port);
    }
}
