using System.CommandLine;
using Fabric.Daemon;
using Fabric.Topology;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric daemon FILE</c>, hidden: what <c>up</c> starts in the background.</summary>
internal static class DaemonCommand
{
    public const string Name = "daemon";

    public static Command Create()
    {
        Argument<string> file = CommandExtensions.FileArgument();
        Option<string?> site = SiteChoice.Option();
        Command command = new(Name, "Run a topology for fabric up") { file, site };
        command.Hidden = true;
        command.SetAction(async (parsed, cancel) =>
        {
            DaemonProcess.EnterBackground();
            TopologyModel model = SiteChoice.Choose(TopologyLoader.Load(parsed.GetRequiredValue(file)), parsed.GetValue(site));
            HostOptions options = new() { Listening = DaemonProcess.TellListening, Started = output => output.DetachStandardStreams() };
            await DaemonHost.RunAsync(model, options, follow: null, cancel);
            return 0;
        });
        return command;
    }
}
