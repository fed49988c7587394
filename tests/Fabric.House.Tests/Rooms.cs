using System.Xml.Linq;

namespace Fabric.House.Tests;

/// <summary>The rooms of src/ as the project files declare them.</summary>
internal static class Rooms
{
    internal static readonly string Root = FindRoot();

    /// <summary>Which rooms a room may refer to. Arrows point downwards only: a room may name what stands before it in this list.</summary>
    internal static readonly (string Room, string[] MayReference)[] Plan =
    [
        ("Wire", []),
        ("Memory", []),
        ("Disk", []),
        ("Nbd", ["Disk"]),
        ("Topology", []),
        ("Link", ["Wire"]),
        ("Switch", ["Link", "Wire"]),
        ("Overlay", ["Link", "Wire"]),
        ("Routing", ["Link", "Wire"]),
        ("Hosts", ["Link", "Wire", "Routing"]),
        ("Virtio", ["Memory", "Link", "Disk"]),
        ("RiscV", ["Memory"]),
        ("Vmm", ["RiscV", "Virtio", "Memory", "Link", "Disk"]),
        ("Images", []),
        ("Daemon", ["Disk", "Nbd", "Topology", "Link", "Wire", "Switch", "Overlay", "Routing", "Hosts", "RiscV", "Vmm", "Images"]),
        ("Cli", ["Daemon", "Topology", "Link", "Disk", "Nbd", "Images"]),
    ];

    internal static IEnumerable<(string Name, string[] References)> Declared() =>
        Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(file => (Name(file), XDocument.Load(file).Descendants("ProjectReference").Select(reference => Name(reference.Attribute("Include")!.Value)).ToArray()));

    internal static IEnumerable<string> SourceFiles(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));

    private static string Name(string projectFile) =>
        Path.GetFileNameWithoutExtension(projectFile.Replace('\\', '/')).Replace("Fabric.", "", StringComparison.Ordinal);

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder != null && !File.Exists(Path.Combine(folder.FullName, "Fabric.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run inside a checkout.");
    }
}
