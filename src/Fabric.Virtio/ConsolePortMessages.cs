namespace Fabric.Virtio;

/// <summary>Control messages about a port that wait for a buffer, in the order in which they are sent. A set, so that a guest that
/// keeps asking costs no memory.</summary>
[Flags]
internal enum ConsolePortMessages
{
    None = 0,
    Add = 1,
    ConsolePort = 2,
    Name = 4,
    Open = 8,
    Resize = 16,
}
