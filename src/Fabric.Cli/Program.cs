return await Fabric.Cli.CommandLine.RunAsync(args, Fabric.Cli.Terminal.OfProcess());
