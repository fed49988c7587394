namespace Fabric.Topology.Yaml;

/// <summary>A bond whose members are still to be read.</summary>
/// <param name="Model">The bond.</param>
/// <param name="Section">Where it is written.</param>
/// <param name="Members">Names of its members so far.</param>
internal sealed record BondDraft(BondModel Model, YamlSection Section, List<string> Members);
