namespace Fabric.Nbd.Protocol;

/// <summary>Options of the handshake (NBD_OPT_…).</summary>
internal enum OptionCode : uint
{
    ExportName = 1,
    Abort = 2,
    List = 3,
    StartTls = 5,
    Info = 6,
    Go = 7,
    StructuredReply = 8,
    ListMetaContext = 9,
    SetMetaContext = 10,
}
