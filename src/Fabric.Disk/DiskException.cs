namespace Fabric.Disk;

/// <summary>An image could not be created, opened or converted. The message is one line for the operator: what, where, what to do.</summary>
public sealed class DiskException : Exception
{
    /// <summary>An error about an image file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="message">What is wrong and what to do, without the path.</param>
    /// <param name="offset">Offset in the file where the fault stands, in bytes, or −1.</param>
    /// <param name="inner">The cause, if another exception.</param>
    public DiskException(string path, string message, long offset = -1, Exception? inner = null)
        : base(offset < 0 ? $"{path}: {message}" : $"{path}: at offset 0x{offset:x}: {message}", inner)
    {
        Path = path;
        Offset = offset;
        Reason = message;
    }

    /// <summary>What is wrong and what to do, without the path and the offset.</summary>
    public string Reason { get; }

    /// <summary>The file the error is about.</summary>
    public string Path { get; }

    /// <summary>Offset in that file in bytes, or −1 when the error is not about one place.</summary>
    public long Offset { get; }
}
