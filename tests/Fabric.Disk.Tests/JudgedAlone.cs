namespace Fabric.Disk.Tests;

/// <summary>Tests that hand one image back and forth between processes. A process that another test starts meanwhile holds this process's
/// files, and their locks, from its fork to its exec: so these run while nothing else does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class JudgedAlone
{
    public const string Name = "judged alone";
}
