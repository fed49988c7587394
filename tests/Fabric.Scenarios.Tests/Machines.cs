namespace Fabric.Scenarios.Tests;

/// <summary>Scenarios that boot guests run one after the other: each wants the whole machine.</summary>
[CollectionDefinition(nameof(Machines), DisableParallelization = true)]
public sealed class Machines;
