namespace Fabric.TestKit;

/// <summary>Tests that run while no other of their project does: those that weigh the whole process's memory, and those that hand an image
/// back and forth between processes (one that another test starts meanwhile holds this process's files and their locks from its fork to its
/// exec).</summary>
/// <remarks>xunit looks for the definition in the assembly of the tests, so each test project compiles this file.</remarks>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RunsAlone
{
    /// <summary>The collection's name.</summary>
    public const string Name = "runs alone";
}
