namespace Fabric.Images.Apt;

/// <summary>One source of packages: an archive, a suite, and the key that signs it (sources.list(5)).</summary>
/// <param name="Uri">The archive's address.</param>
/// <param name="Suite">Release name or class.</param>
/// <param name="Components">Parts of the archive.</param>
/// <param name="SignedBy">Absolute path of the keyring, or null when the machine's trusted keys apply.</param>
internal sealed record AptSource(string Uri, string Suite, IReadOnlyList<string> Components, string? SignedBy);
