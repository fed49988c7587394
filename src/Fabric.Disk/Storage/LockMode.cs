namespace Fabric.Disk.Storage;

/// <summary>What an opener does with an image and what it lets others do meanwhile.</summary>
internal enum LockMode
{
    /// <summary>Reads; nobody may write or resize meanwhile. Any number of readers fit together.</summary>
    Read,

    /// <summary>Reads, writes and resizes; nobody else may write or resize, nor rely on the content.</summary>
    Write,
}
