namespace Fabric.Nbd.Protocol;

/// <summary>Flags of the greeting, the same bits in both directions.</summary>
[Flags]
internal enum HandshakeFlags : uint
{
    None = 0,

    /// <summary>Options are answered, and unknown ones do not end the connection.</summary>
    FixedNewstyle = 1,

    /// <summary>The answer to EXPORT_NAME does not end with 124 zeroes.</summary>
    NoZeroes = 2,
}
