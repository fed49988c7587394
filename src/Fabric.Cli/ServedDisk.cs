namespace Fabric.Cli;

/// <summary>What <c>fabric disk serve --json</c> prints once clients can connect.</summary>
/// <param name="File">The image.</param>
/// <param name="Uri">Where clients find it.</param>
/// <param name="Export">Name they ask for.</param>
/// <param name="Size">Size in bytes.</param>
/// <param name="ReadOnly">Changes are refused.</param>
internal sealed record ServedDisk(string File, string Uri, string Export, long Size, bool ReadOnly);
