using Fabric.SideBySide;

// Whole-process comparisons with other people's tools: each figure is taken in turns (ours, theirs, ours, …) on the same data, and
// what counts is the ratio of the medians. Run on a machine that does nothing else:
//   dotnet run -c Release --project benchmarks/Fabric.SideBySide -- nbd
(string Name, string Help, Func<Arguments, int> Run)[] comparisons =
[
    ("nbd", NbdComparison.Help, NbdComparison.Run),
    ("convert", ImageComparison.ConvertHelp, ImageComparison.Convert),
    ("snapshot", ImageComparison.SnapshotHelp, ImageComparison.Snapshot),
    ("allocate", ImageComparison.AllocateHelp, ImageComparison.Allocate),
    ("tap", TapComparison.Help, TapComparison.Run),
    ("vxlan", VxlanComparison.Help, VxlanComparison.Run),
    ("route", RouteComparison.Help, RouteComparison.Run),
];

foreach ((string name, _, Func<Arguments, int> run) in comparisons)
    if (args.Length > 0 && args[0] == name)
        return run(new Arguments(args[1..]));
Console.Error.WriteLine("usage: Fabric.SideBySide COMPARISON [OPTIONS]");
foreach ((string name, string help, _) in comparisons)
    Console.Error.WriteLine($"  {name,-10} {help}");
return 2;
