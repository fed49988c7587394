namespace Fabric.Cli.Serving;

/// <summary>The line <c>fabric serve net --json</c> prints for each port it has made.</summary>
/// <param name="Event">Always <c>port</c>.</param>
/// <param name="Name">Name of the port.</param>
/// <param name="Kind"><c>tap</c>, …</param>
/// <param name="Namespace">Network namespace of its interface, where one was asked for.</param>
/// <param name="Address">Address its interface was given.</param>
/// <param name="Queues">Number of queues.</param>
/// <param name="Offloads">Unfinished frames that pass it.</param>
internal sealed record ServedPort(string Event, string Name, string Kind, string? Namespace, string? Address, int Queues, IReadOnlyList<string> Offloads);
