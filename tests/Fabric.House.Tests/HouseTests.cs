using System.Text.RegularExpressions;

namespace Fabric.House.Tests;

public partial class HouseTests
{
    [Fact]
    public void Rooms_refer_only_to_the_rooms_the_plan_allows()
    {
        Dictionary<string, string[]> plan = Rooms.Plan.ToDictionary(room => room.Room, room => room.MayReference);
        foreach ((string name, string[] references) in Rooms.Declared())
        {
            Assert.True(plan.ContainsKey(name), $"Room {name} is not in the plan: add it to tests/Fabric.House.Tests/Rooms.cs, below what it refers to.");
            Assert.All(references, reference => Assert.True(plan[name].Contains(reference), $"{name} must not refer to {reference}."));
        }
    }

    [Fact]
    public void The_plan_has_no_circle()
    {
        HashSet<string> below = [];
        foreach ((string room, string[] mayReference) in Rooms.Plan)
        {
            Assert.All(mayReference, reference => Assert.True(below.Contains(reference), $"{room} refers upwards to {reference}."));
            below.Add(room);
        }
    }

    [Fact]
    public void Every_room_has_its_tests() =>
        Assert.All(Rooms.Declared(), room => Assert.True(
            Directory.EnumerateFiles(Path.Combine(Rooms.Root, $"tests/Fabric.{room.Name}.Tests"), "*.cs", SearchOption.AllDirectories).Any(), $"{room.Name} has no tests."));

    [Fact]
    public void Namespaces_follow_folders()
    {
        foreach (string file in Rooms.SourceFiles("src"))
        {
            Match declared = NamespaceLine().Match(File.ReadAllText(file));
            if (!declared.Success)
                continue;
            string expected = Path.GetRelativePath(Path.Combine(Rooms.Root, "src"), Path.GetDirectoryName(file)!).Replace('/', '.');
            Assert.True(declared.Groups[1].Value == expected, $"{file} declares {declared.Groups[1].Value}, not {expected}.");
        }
    }

    /// <summary>Rooms that a guest, the wire or a protocol drives take their clock and their chance from outside: the analyzer that
    /// bans the ambient ones must be on there.</summary>
    [Theory]
    [InlineData("Wire")]
    [InlineData("Memory")]
    [InlineData("Disk")]
    [InlineData("Nbd")]
    [InlineData("Link")]
    [InlineData("Switch")]
    [InlineData("Overlay")]
    [InlineData("Routing")]
    [InlineData("Hosts")]
    [InlineData("Virtio")]
    [InlineData("RiscV")]
    [InlineData("Vmm")]
    public void Data_rooms_ban_ambient_time_and_chance(string room) =>
        Assert.Contains("<DataRoom>true</DataRoom>", File.ReadAllText(Path.Combine(Rooms.Root, $"src/Fabric.{room}/Fabric.{room}.csproj")), StringComparison.Ordinal);

    [Fact]
    public void Unsafe_code_says_why_it_is_safe()
    {
        foreach (string file in Rooms.SourceFiles("src"))
        {
            string text = File.ReadAllText(file);
            Assert.True(!UnsafeBlock().IsMatch(text) || text.Contains("SAFETY:", StringComparison.Ordinal), $"{file} has an unsafe block without a SAFETY line.");
        }
    }

    [Fact]
    public void The_top_level_holds_what_was_agreed_and_nothing_else()
    {
        // What builds, benchmarks and test runs leave is named in .gitignore.
        IEnumerable<string> left = File.ReadLines(Path.Combine(Rooms.Root, ".gitignore")).Select(line => line.TrimEnd('/'));
        string[] agreed = ["src", "tests", "benchmarks", "topologies", "Fabric.sln", "README.md", .. left];
        IEnumerable<string> found = Directory.EnumerateFileSystemEntries(Rooms.Root).Select(entry => Path.GetFileName(entry)!).Where(name => name[0] != '.');
        Assert.All(found, name => Assert.Contains(name, agreed));
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^\s*unsafe\s*$|unsafe\s*\{", RegexOptions.Multiline)]
    private static partial Regex UnsafeBlock();
}
