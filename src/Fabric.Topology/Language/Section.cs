namespace Fabric.Topology.Language;

/// <summary>A mapping with known keys.</summary>
/// <param name="Name">What the section is called in messages.</param>
/// <param name="Keys">The keys it may hold.</param>
internal sealed record Section(string Name, params Key[] Keys)
{
    /// <summary>Looks a key up.</summary>
    /// <param name="name">As written in the file.</param>
    internal Key? Find(string name) => Array.Find(Keys, key => key.Name == name);
}
