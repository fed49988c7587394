namespace Fabric.Disk.Formats;

/// <summary>An option that a format takes when an image is made.</summary>
/// <param name="Name">Its name, as after <c>-o</c>.</param>
/// <param name="Kind">What its value looks like, for help: <c>size</c>, <c>str</c>, <c>num</c> or <c>bool (on/off)</c>.</param>
/// <param name="Description">What it does.</param>
/// <param name="Default">The value when it is not given, as it is shown; null when there is none.</param>
public sealed record ImageOption(string Name, string Kind, string Description, string? Default = null);
