namespace Fabric.Disk;

/// <summary>What a new or grown image does about its space at once.</summary>
public enum Preallocation
{
    /// <summary>Nothing: space is taken on first write.</summary>
    Off,

    /// <summary>Write all mappings; the data's space is a hole in the host file.</summary>
    Metadata,

    /// <summary>Write all mappings and reserve the data's space with the host.</summary>
    Falloc,

    /// <summary>Write all mappings and zeroes over all data.</summary>
    Full,
}
