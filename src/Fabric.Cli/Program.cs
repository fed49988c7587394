using Fabric.Cli;
using Fabric.Cli.Disks;

string program = CalledAs.Name();
return program == DiskSession.QemuImg
    ? await CommandLine.RunAsync(CalledAs.QemuImgArguments(args), Terminal.OfProcess(), program)
    : await CommandLine.RunAsync(args, Terminal.OfProcess());
