namespace Fabric.Cli.Serving;

/// <summary>The line <c>fabric serve net --json</c> prints once all ports forward.</summary>
/// <param name="Event">Always <c>ready</c>.</param>
/// <param name="Name">Name of the switch.</param>
/// <param name="Ports">Names of the ports.</param>
internal sealed record ServedReady(string Event, string Name, IReadOnlyList<string> Ports);
