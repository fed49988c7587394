namespace Fabric.Disk;

/// <summary>How a request is to be carried out.</summary>
[Flags]
public enum DiskFlags : byte
{
    /// <summary>Blocking, volatile until the next flush.</summary>
    None = 0,

    /// <summary>Answer from what the host has cached, or return <see cref="DiskStatus.WouldBlock"/>. A disk that cannot tell may block.</summary>
    NoWait = 1,

    /// <summary>Force unit access: the bytes are on stable storage when the request returns.</summary>
    ForceUnitAccess = 2,

    /// <summary>Only for writing zeroes: the range may be unmapped (deallocated) as long as it reads as zeroes.</summary>
    MayUnmap = 4,
}
