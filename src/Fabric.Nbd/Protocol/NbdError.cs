namespace Fabric.Nbd.Protocol;

/// <summary>Error numbers of replies (NBD_E…), the same on every system.</summary>
internal enum NbdError : uint
{
    None = 0,
    NotPermitted = 1,
    InputOutput = 5,
    OutOfMemory = 12,
    Invalid = 22,
    NoSpace = 28,
    Overflow = 75,
    NotSupported = 95,
    Shutdown = 108,
}
