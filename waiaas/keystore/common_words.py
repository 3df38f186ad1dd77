"""What people choose when asked for a password: words, names, and walks along the keyboard. Lower case, ASCII."""

_WORDS = """
    password passwort passphrase passw passcode secret secrets private letmein letme welcome admin administrator root master
    superuser super user username login logon guest default changeme change test testing tester temp temporary demo sample
    example hello hallo hola bonjour goodbye iloveyou loveyou love lover lovely loveme princess prince queen king dragon
    monkey tiger lion eagle falcon phoenix wolf bear shark panther kitty kitten puppy bunny butterfly dolphin chicken turtle
    sunshine shadow summer winter autumn spring january february march april june july august september october november
    december monday tuesday wednesday thursday friday saturday sunday morning night midnight football baseball basketball
    soccer hockey tennis golf chelsea arsenal liverpool barcelona madrid juventus yankees cowboys steelers lakers
    michael jordan jennifer jessica ashley daniel thomas robert charlie andrew matthew joshua anthony william george maria
    anna nicole amanda samantha michelle hannah sophie david james john peter alexander alex martin oliver maggie buster
    superman batman spiderman ironman starwars starwar pokemon pikachu naruto matrix hunter ranger killer ninja pirate
    samurai wizard merlin gandalf magic mustang ferrari porsche mercedes harley corvette computer internet server google
    facebook twitter apple samsung microsoft windows linux ubuntu android iphone network system database access security
    secure safe trustno trust freedom liberty america canada england france germany london paris berlin tokyo newyork
    money dollar million rich bitcoin ethereum solana crypto cryptocurrency wallet hodl tothemoon moon lambo satoshi
    nakamoto blockchain waiaas agent operator owner daemon keystore masterpassword mypassword password1 pass word
    cheese cookie coffee chocolate banana orange pepper ginger peanut pizza burger whatever nothing something anything
    forever together friends family baby angel heaven jesus christ god bless hope faith happy lucky smile flower purple
    yellow silver golden black white green correcthorsebatterystaple correct horse battery staple abc123 ever never the and my
"""

COMMON_WORDS: tuple[bytes, ...] = tuple(sorted({word.encode() for word in _WORDS.split()}))

#: Lines along which fingers walk, in both directions.
SEQUENCES: tuple[bytes, ...] = (
    b"abcdefghijklmnopqrstuvwxyz",
    b"01234567890",
    b"qwertyuiop",
    b"qwertzuiop",
    b"azertyuiop",
    b"asdfghjkl",
    b"qsdfghjklm",
    b"zxcvbnm",
    b"yxcvbnm",
    b"1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    b"1q2w3e4r5t6y7u8i9o0p",
    b"q1w2e3r4t5y6u7i8o9p0",
    b"!@#$%^&*()",
)
