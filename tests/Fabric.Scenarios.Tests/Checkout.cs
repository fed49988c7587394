namespace Fabric.Scenarios.Tests;

/// <summary>The checkout the tests run in.</summary>
internal static class Checkout
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    internal static readonly string Root = FindRoot();

    /// <summary>The command line as it was built.</summary>
    internal static readonly string FabricAssembly = Path.Combine(Root, "src/Fabric.Cli/bin", Configuration, "net10.0/fabric.dll");

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder != null && !File.Exists(Path.Combine(folder.FullName, "Fabric.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run inside a checkout.");
    }
}
