namespace Fabric.Nbd.Protocol;

/// <summary>The numbers that open messages (proto.md, "Values" and the message layouts). Everything on the wire is big-endian.</summary>
internal static class Magic
{
    /// <summary>"NBDMAGIC": the server's first eight bytes.</summary>
    internal const ulong Greeting = 0x4e42444d41474943;

    /// <summary>"IHAVEOPT": the server's next eight, and the start of each option.</summary>
    internal const ulong Option = 0x49484156454f5054;

    /// <summary>Start of each answer to an option.</summary>
    internal const ulong OptionReply = 0x3e889045565a9;

    /// <summary>Start of each request.</summary>
    internal const uint Request = 0x25609513;

    /// <summary>Start of a simple reply.</summary>
    internal const uint SimpleReply = 0x67446698;

    /// <summary>Start of each chunk of a structured reply.</summary>
    internal const uint ReplyChunk = 0x668e33ef;
}
