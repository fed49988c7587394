namespace Fabric.Disk.Qcow2;

/// <summary>Where a header extension stands.</summary>
/// <param name="Type">Its magic, for example 0xe2792aca.</param>
/// <param name="Offset">First byte of its data in the file.</param>
/// <param name="Length">Length of the data in bytes, without padding.</param>
internal readonly record struct Qcow2Extension(uint Type, int Offset, int Length)
{
    public const uint BackingFormat = 0xe2792aca;
    public const uint FeatureNames = 0x6803f857;
    public const uint Bitmaps = 0x23852875;
    public const uint Encryption = 0x0537be77;
    public const uint DataFile = 0x44415441;
}
