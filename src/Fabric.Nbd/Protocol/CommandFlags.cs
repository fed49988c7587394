namespace Fabric.Nbd.Protocol;

/// <summary>Flags of a request (NBD_CMD_FLAG_…).</summary>
[Flags]
internal enum CommandFlags : ushort
{
    None = 0,
    ForceUnitAccess = 1 << 0,
    NoHole = 1 << 1,
    DontFragment = 1 << 2,
    RequestOne = 1 << 3,
    FastZero = 1 << 4,
}
