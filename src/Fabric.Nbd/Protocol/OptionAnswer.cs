namespace Fabric.Nbd.Protocol;

/// <summary>Answers to an option (NBD_REP_…). Errors have the highest bit set.</summary>
internal enum OptionAnswer : uint
{
    Ack = 1,
    Server = 2,
    Info = 3,
    MetaContext = 4,
    Unsupported = 0x8000_0001,
    Policy = 0x8000_0002,
    Invalid = 0x8000_0003,
    Platform = 0x8000_0004,
    TlsRequired = 0x8000_0005,
    Unknown = 0x8000_0006,
    Shutdown = 0x8000_0007,
    BlockSizeRequired = 0x8000_0008,
    TooBig = 0x8000_0009,
}
