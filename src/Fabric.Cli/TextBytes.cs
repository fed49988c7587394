using System.Text;

namespace Fabric.Cli;

/// <summary>Lets bytes be written to a text writer, as UTF-8.</summary>
/// <param name="text">Where to.</param>
internal sealed class TextBytes(TextWriter text) : Stream
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush() => text.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count)
    {
        char[] characters = new char[count + 1];
        int length = _decoder.GetChars(buffer, offset, count, characters, 0);
        text.Write(characters, 0, length);
    }
}
