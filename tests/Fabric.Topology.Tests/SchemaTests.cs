using System.Text.Json;
using System.Text.RegularExpressions;

namespace Fabric.Topology.Tests;

public class SchemaTests
{
    private static readonly string Root = FindRoot();

    /// <summary>Editors read the shipped file: it must be the one that today's language generates.</summary>
    [Fact]
    public void The_shipped_schema_is_the_generated_one() =>
        Assert.Equal(TopologySchema.Generate(), File.ReadAllText(Path.Combine(Root, "topologies/fabric.schema.json")));

    [Fact]
    public void The_schema_knows_every_section_and_what_it_requires()
    {
        using JsonDocument schema = JsonDocument.Parse(TopologySchema.Generate());
        JsonElement properties = schema.RootElement.GetProperty("properties");
        Assert.Equal(["name", "images", "switches", "routers", "prefix-lists", "acls", "links", "taps", "streams", "datagrams", "interfaces", "bonds", "sites", "overlays", "disks", "pool", "vms", "hosts", "tests"], properties.EnumerateObject().Select(property => property.Name));
        JsonElement nic = properties.GetProperty("vms").GetProperty("additionalProperties").GetProperty("properties").GetProperty("nics").GetProperty("items");
        Assert.Equal("to", nic.GetProperty("required")[0].GetString());
        Assert.False(nic.GetProperty("additionalProperties").GetBoolean());
    }

    [Theory]
    [InlineData("256MiB", true)]
    [InlineData("1.5 G", true)]
    [InlineData("512", true)]
    [InlineData("lots", false)]
    public void The_schemas_pattern_for_sizes_agrees_with_the_loader(string text, bool isSize)
    {
        using JsonDocument schema = JsonDocument.Parse(TopologySchema.Generate());
        string pattern = schema.RootElement.GetProperty("properties").GetProperty("vms").GetProperty("additionalProperties")
            .GetProperty("properties").GetProperty("memory").GetProperty("pattern").GetString()!;
        Assert.Equal(isSize, Regex.IsMatch(text, pattern));
        Assert.Equal(isSize, ByteSize.TryParse(text, out _));
    }

    public static TheoryData<string> ShippedTopologies() => [.. Directory.EnumerateFiles(Path.Combine(Root, "topologies"), "*.yaml").Select(file => Path.GetFileName(file))];

    [Theory]
    [MemberData(nameof(ShippedTopologies))]
    public void Every_shipped_topology_loads(string file) =>
        Assert.NotEmpty(TopologyLoader.Load(Path.Combine(Root, "topologies", file)).Tests);

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder != null && !File.Exists(Path.Combine(folder.FullName, "Fabric.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run inside a checkout.");
    }
}
