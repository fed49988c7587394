using Fabric.Link;

namespace Fabric.Routing.Local;

/// <summary>Room in which a thread takes apart what is for a router itself, and puts together what it answers. One for each thread.</summary>
internal sealed class Scratch
{
    /// <summary>Room in front of a payload for all headers down to Ethernet's.</summary>
    internal const int Headroom = 128;

    [ThreadStatic]
    private static Scratch? _current;

    /// <summary>That of this thread.</summary>
    internal static Scratch Current => _current ??= new Scratch();

    /// <summary>The frame that has come in: copied once, so that its owner cannot change what was checked.</summary>
    internal byte[] Arrived { get; } = GC.AllocateUninitializedArray<byte>(Frame.MaxLength);

    /// <summary>The packet that is being made; its payload, from the transport header on, starts at <see cref="Headroom"/>.</summary>
    internal byte[] Made { get; } = GC.AllocateUninitializedArray<byte>(Headroom + Frame.MaxLength);
}
