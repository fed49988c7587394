namespace Fabric.Cli.Disks;

/// <summary>An option of a disk command.</summary>
/// <param name="Letter">After one dash, or '\0' for none.</param>
/// <param name="Name">After two dashes, or null for none.</param>
/// <param name="Value">What its value is called in the help, or null when it takes none.</param>
/// <param name="Help">What it does; empty when it is taken for the sake of scripts and changes nothing.</param>
internal sealed record DiskOption(char Letter, string? Name, string? Value, string Help);
